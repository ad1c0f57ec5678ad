import { escapeUTF8 } from 'entities/escape';

/** Where `dc` looks when nobody says otherwise. */
const DEFAULT_API_URL = 'http://localhost:59011';

const STYLE = `
:root{color-scheme:light dark;--ink:light-dark(#17202b,#e6ebf1);--soft:light-dark(#5a6878,#9aa8b8);--paper:light-dark(#f6f8fa,#0f141a);--card:light-dark(#fff,#171e26);--line:light-dark(#dce3ea,#2a343f);--accent:light-dark(#0b6e4f,#4fd1a1);--bad:light-dark(#b3261e,#ff8a80)}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main,header,footer{max-width:66rem;margin:0 auto;padding:0 1.1rem}
header{padding-top:2.4rem}
h1{font-size:clamp(1.8rem,6vw,2.7rem);line-height:1.15;margin:0 0 .6rem;letter-spacing:-.02em;text-wrap:balance}
h2{font-size:1.15rem;margin:2.4rem 0 .8rem}
.lead{font-size:1.1rem;max-width:44rem;margin:0}
.soft{color:var(--soft)}
.brand{display:flex;align-items:center;gap:.6rem;font-weight:650;margin-bottom:1.6rem}
.dot{width:.7rem;height:.7rem;border-radius:50%;background:var(--accent);flex:none}
.down .dot{background:var(--bad)}
.pill{display:inline-flex;align-items:center;gap:.5rem;border:1px solid var(--line);background:var(--card);border-radius:99px;padding:.25rem .8rem;font-size:.9rem;margin:1.1rem .4rem 0 0}
.grid{display:grid;gap:.8rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,17.5rem),1fr));padding:0;margin:0;list-style:none}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem;overflow-wrap:anywhere}
.service{display:flex;gap:.7rem;align-items:center;padding:.7rem 1rem}
.service small{display:block;color:var(--soft)}
.card h3{margin:0 0 .3rem;font-size:1rem}
.price{font-size:1.2rem;font-weight:650;color:var(--accent)}
.facts{margin:.4rem 0 0;font-size:.9rem;color:var(--soft)}
code,pre{font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1rem;white-space:pre-wrap;overflow-wrap:anywhere;margin:.4rem 0 1rem}
pre i{color:var(--soft);font-style:normal}
a{color:var(--accent)}
footer{margin-top:3rem;padding-bottom:2.4rem;font-size:.9rem;color:var(--soft)}
footer a{display:inline-block;padding:.4rem 0;margin-right:1.1rem}
`;

/** All of a page that is before its body, with the body's tag. */
export const pageHead = (title: string, description: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeUTF8(title)}</title><meta name="description" content="${escapeUTF8(description)}"><link rel="icon" href="data:,"><style>${STYLE}</style></head><body>`;

/** What goes before commands when `dc` does not look here by itself. */
export const elsewhere = (publicUrl: string): string =>
  publicUrl === DEFAULT_API_URL ? '' : `export DC_API_URL=${escapeUTF8(publicUrl)}\n\n`;
