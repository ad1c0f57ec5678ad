import { PAGES } from '@decent-cloud/messages/pages';
import { LINKED_PAGES, linkedPage } from './linked-page.ts';

const ID = 'ab'.repeat(32);
const publicUrl = 'http://localhost:59011';

test.each(LINKED_PAGES)('%s says what it is about and what to type', (page) => {
  const html = linkedPage(page, { publicUrl });
  expect(html).toMatch(/<h1>[^<]+<\/h1>/);
  expect(html).toContain('npx dc ');
  expect(html).not.toContain('<script');
});

test('every page that links may lead to is served', () => {
  expect(LINKED_PAGES.map(([, path]) => path).sort()).toEqual(Object.values(PAGES).sort());
});

test('the commands are for the rental of the link, and for no text that is none', () => {
  expect(linkedPage('rentals', { publicUrl, contract: ID })).toContain(`npx dc contract ssh ${ID}`);
  for (const contract of ['<img src=x>', `${ID}; rm -rf ~`, ID.toUpperCase(), ''])
    expect(linkedPage('rentals', { publicUrl, contract })).toContain('npx dc contract ssh last\n');
});

test('elsewhere the address goes before the commands', () => {
  expect(linkedPage('wallet', { publicUrl: 'https://cloud.example' })).toContain(
    '<pre>export DC_API_URL=https://cloud.example',
  );
});
