import { type CancellationToken, DocumentLink, type DocumentLinkProvider, l10n, Range, type TextDocument, Uri } from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import { signalOf } from '../signals.ts';
import { type Address, findLinks } from './addresses.ts';
import type { ReadableDocuments } from './readableDocuments.ts';

class AddressLink extends DocumentLink {
  readonly document: TextDocument;
  readonly address: Address;

  constructor(range: Range, document: TextDocument, address: Address) {
    super(range);
    this.document = document;
    this.address = address;
    this.tooltip = tooltipOf(address);
  }
}

/** Links between documents, each within its own folder. The title of the tab is asked for when a link is clicked. */
export class DocumentLinks implements DocumentLinkProvider {
  readonly #documents: ReadableDocuments;

  constructor(documents: ReadableDocuments) {
    this.#documents = documents;
  }

  provideDocumentLinks(document: TextDocument): DocumentLink[] {
    return [...this.#addressLinks(document), ...this.#actionLinks(document)];
  }

  #addressLinks(document: TextDocument): AddressLink[] {
    return findLinks(document.getText()).map(
      ({ start, end, address }) => new AddressLink(new Range(document.positionAt(start), document.positionAt(end)), document, address),
    );
  }

  /** Only of a report of ours, and only where it was written to be one. */
  #actionLinks(document: TextDocument): DocumentLink[] {
    const place = this.#documents.locate(document.uri);
    if (place?.address.kind !== 'health') return [];
    const target = [{ kind: 'folder', root: place.session.root.toString() }];
    const report = this.#documents.health.last(place.session)?.document;
    // A newer report may be made already whose text is not in the document yet.
    if (!report || report.text !== document.getText()) return [];
    return report.actions.map(({ start, end, command }) => {
      const query = command.startsWith('engram.') ? `?${encodeURIComponent(JSON.stringify(target))}` : '';
      return new DocumentLink(new Range(document.positionAt(start), document.positionAt(end)), Uri.parse(`command:${command}${query}`));
    });
  }

  async resolveDocumentLink(link: DocumentLink, token: CancellationToken): Promise<DocumentLink> {
    if (!(link instanceof AddressLink)) return link;
    const place = this.#documents.locate(link.document.uri);
    if (!place) return link;
    const signal = signalOf(token);
    try {
      link.target = await this.#documents.uriOf(place.session, link.address, signal.signal);
    } catch (error) {
      if (!EngramError.is(error)) throw error;
      link.tooltip = error.message;
    } finally {
      signal.dispose();
    }
    return link;
  }
}

function tooltipOf({ kind }: Address): string {
  switch (kind) {
    case 'chunk':
      return l10n.t('Open the chunk');
    case 'memory':
      return l10n.t('Open the memory');
    case 'session':
      return l10n.t('Open the session');
    case 'health':
      return l10n.t('Open the report');
  }
}
