import type { Workbench } from './workbench.ts';

/** *Engram: Save Memory…* as typed: title, type as offered, content. */
export async function saveMemory(window: Workbench, title: string, content: string): Promise<void> {
  await window.command('Engram: Save Memory');
  await window.answer('Title', title);
  await window.answer('What kind of memory');
  await window.answer('What should the team remember?', content);
}

/** *Engram: Edit Memory…*: finds it by its title and types another. */
export async function editTitle(window: Workbench, title: string, changed: string): Promise<void> {
  await window.command('Engram: Edit Memory');
  await window.pick('Search memories', title, title);
  await window.pick('What do you want to change?', '', 'Title');
  await window.answer('Title', changed);
}
