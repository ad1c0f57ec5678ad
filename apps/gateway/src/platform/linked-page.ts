import { PAGES, type Page } from '@decent-cloud/messages/pages';
import { escapeUTF8 } from 'entities/escape';
import { elsewhere, pageHead } from './page-frame.ts';

interface Words {
  readonly title: string;
  readonly lead: string;
  /** What a person types to see it; `contract` is an id, or `last`. */
  commands(contract: string): readonly string[];
}

const WORDS: Readonly<Record<Page, Words>> = {
  rentals: {
    title: 'Your rental',
    lead: 'It is shown to whoever holds its key. The command line has the key; it shows the rental, logs in, and ends it.',
    commands: (contract) => [
      `npx dc contract get ${contract}`,
      `npx dc contract ssh ${contract}`,
      `npx dc contract events ${contract}`,
      `npx dc contract cancel ${contract}`,
    ],
  },
  wallet: {
    title: 'Your wallet',
    lead: 'What is in it, and what has moved last, is shown to whoever holds its key.',
    commands: () => ['npx dc wallet show', 'npx dc wallet topup --amount 25'],
  },
  marketplace: {
    title: 'What is for rent',
    lead: 'Look for another offering, and rent it.',
    commands: () => [
      'npx dc contract list-offerings',
      'npx dc contract create --offering-id NUMBER --duration-hours 1 --wait',
    ],
  },
  requests: {
    title: 'Requests to you',
    lead: 'Paid requests wait for your answer, unless you accept them without being asked.',
    commands: () => [
      'npx dc provider requests',
      'npx dc provider accept CONTRACT',
      'npx dc provider reject CONTRACT',
      'npx dc provider auto-accept on',
    ],
  },
  agents: {
    title: 'Your agents',
    lead: 'Which of them are there, on which host, and what they do.',
    commands: () => ['npx dc provider agents', 'npx dc provider pool list', 'dc-agent doctor'],
  },
};

/** Where a link of a mail leads: what it is about, and what shows it. Nothing of anybody's is on it. */
export function linkedPage(
  page: Page,
  { contract, publicUrl }: { contract?: unknown; publicUrl: string },
): string {
  const { title, lead, commands } = WORDS[page];
  const id = typeof contract === 'string' && /^[0-9a-f]{64}$/.test(contract) ? contract : 'last';
  return `${pageHead(`${title} - Decent Cloud`, lead)}
<header><div class="brand"><span class="dot"></span><a href="/">Decent Cloud</a></div>
<h1>${escapeUTF8(title)}</h1>
<p class="lead">${escapeUTF8(lead)}</p></header><main>
<h2>What to type</h2>
<p>In the folder of the repository, with the identity that it belongs to (<code>DC_IDENTITY</code>).</p>
<pre>${elsewhere(publicUrl)}${commands(id)
    .map((line) => escapeUTF8(line))
    .join('\n')}</pre>
</main><footer><a href="/">Home</a><a href="/api/v1/swagger">API reference</a></footer></body></html>`;
}

export const LINKED_PAGES = Object.entries(PAGES) as readonly [Page, string][];
