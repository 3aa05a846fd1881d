import { type CancellationToken, DocumentLink, type DocumentLinkProvider, l10n, Range, type TextDocument } from 'vscode';
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
export class DocumentLinks implements DocumentLinkProvider<AddressLink> {
  readonly #documents: ReadableDocuments;

  constructor(documents: ReadableDocuments) {
    this.#documents = documents;
  }

  provideDocumentLinks(document: TextDocument): AddressLink[] {
    return findLinks(document.getText()).map(
      ({ start, end, address }) => new AddressLink(new Range(document.positionAt(start), document.positionAt(end)), document, address),
    );
  }

  async resolveDocumentLink(link: AddressLink, token: CancellationToken): Promise<AddressLink> {
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
  }
}
