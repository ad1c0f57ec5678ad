import { renderMail } from './render.ts';

const SITE = 'https://cloud.example.net/';

test('text and HTML say the same and lead to the page', () => {
  const letter = renderMail(
    { subject: 'Refund Issued', body: 'Five.', linkPath: '/dashboard/rentals?contract=1&x=2' },
    SITE,
  );
  expect(letter.subject).toBe('Refund Issued');
  expect(letter.text).toContain('Five.\n\nhttps://cloud.example.net/dashboard/rentals?contract=1&x=2\n');
  expect(letter.html).toContain('<a href="https://cloud.example.net/dashboard/rentals?contract=1&amp;x=2">');
});

test('what somebody wrote stays text', () => {
  const body = `<img src=x onerror="alert('1')"> & "more"\nsecond`;
  const { html } = renderMail({ subject: '<b>', body, linkPath: '/' }, SITE);
  expect(html).not.toContain('<img');
  expect(html).not.toContain('<b>');
  expect(html).toContain(`&lt;img src=x onerror="alert('1')"&gt; &amp; "more"<br>second`);
});

test('a subject is one line, a link stays on our site', () => {
  const letter = renderMail({ subject: 'Hi\r\nBcc: x@y.zz', body: '', linkPath: '//evil.example' }, SITE);
  expect(letter.subject).toBe('Hi Bcc: x@y.zz');
  expect(letter.text).not.toContain('evil');
  expect(letter.text).toContain('https://cloud.example.net/\n');
});
