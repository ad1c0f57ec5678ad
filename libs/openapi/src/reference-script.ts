/**
 * Searching, and trying calls. What is public is sent from the page; what must be signed is shown as a line for a terminal,
 * since no page should be given a secret key. Everything is written as text, never as HTML.
 */
export const REFERENCE_SCRIPT = `
const make = (tag, more) => Object.assign(document.createElement(tag), more);
const all = [...document.querySelectorAll('details[data-call]')];
const search = make('input', { type: 'search', placeholder: 'Search: words of a path, a name or a summary', ariaLabel: 'Search' });
const found = make('p', { role: 'status' });
document.querySelector('nav').before(search, found);
search.addEventListener('input', () => {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const one of all) {
    const text = (one.id + ' ' + one.querySelector('summary').textContent).toLowerCase();
    one.hidden = !words.every((word) => text.includes(word));
    if (!one.hidden) shown++;
  }
  for (const section of document.querySelectorAll('section')) section.hidden = !section.querySelector('details:not([hidden])');
  found.textContent = words.length ? shown + ' of ' + all.length + ' calls' : '';
});
const quoted = (text) => "'" + text.replaceAll("'", "'\\\\''") + "'";
function tryForm(one) {
  const { method, path, parameters, body, auth, signature } = JSON.parse(one.dataset.call);
  const form = make('form', { className: 'try' });
  const fields = parameters.map(({ name, in: place, required }) => {
    const input = make('input', { name, required, placeholder: place, autocomplete: 'off' });
    const label = make('label', { textContent: name + ' ' });
    label.append(input);
    form.append(label);
    return { name, place, input };
  });
  const text = body === undefined ? undefined : make('textarea', { value: body, rows: 6, ariaLabel: 'Body', spellcheck: false });
  if (text) form.append(text);
  const output = make('pre', { role: 'status' });
  const read = () => {
    let target = path;
    const query = new URLSearchParams();
    const headers = text ? { 'content-type': 'application/json' } : {};
    for (const { name, place, input } of fields) {
      if (place === 'path') target = target.replace('{' + name + '}', encodeURIComponent(input.value));
      else if (input.value !== '' && place === 'query') query.append(name, input.value);
      else if (input.value !== '') headers[name] = input.value;
    }
    const url = location.origin + target + (query.size ? '?' + query : '');
    return { url, headers, ...(text && { body: text.value }) };
  };
  const line = () => {
    const { url, headers, body } = read();
    return ['curl -X ' + method + ' ' + quoted(url),
      ...Object.entries(headers).map(([name, value]) => '-H ' + quoted(name + ': ' + value)),
      ...signature.map((name) => '-H "' + name + ': $' + name.slice(2).toUpperCase().replaceAll('-', '_') + '"'),
      ...(body === undefined ? [] : ['--data-binary ' + quoted(body)])].join(' \\\\\\n  ');
  };
  const copy = make('button', { type: 'button', textContent: 'Show as curl' });
  copy.addEventListener('click', () => {
    output.textContent = line() + (auth === 'signed' ? '\\n\\n# docs/request-signing.md says what to sign' : '');
  });
  if (auth !== 'signed') form.append(make('button', { textContent: 'Send' }));
  form.append(copy, output);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (auth === 'signed') return copy.click();
    const { url, ...options } = read();
    output.textContent = 'Sending …';
    try {
      const answer = await fetch(url, { method, ...options, credentials: 'omit', signal: AbortSignal.timeout(15000) });
      output.textContent = answer.status + ' ' + answer.statusText + '\\n' + (await answer.text()).slice(0, 100000);
    } catch (error) {
      output.textContent = 'No answer: ' + error.message;
    }
  });
  return form;
}
for (const one of all) {
  one.addEventListener('toggle', () => {
    if (one.open && !one.querySelector('.try')) one.append(make('h4', { textContent: 'Try' }), tryForm(one));
  });
}
`;
