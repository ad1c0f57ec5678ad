/** Light and dark, readable at the width of a telephone. */
export const REFERENCE_STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:light-dark(#0a58ca,#7ab8ff)}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:62rem;padding:1rem;background:light-dark(#fff,#14171c);color:light-dark(#1b1f24,#e4e7eb)}
h1{margin:.2em 0}h2{text-transform:capitalize;border-bottom:1px solid var(--line);margin-top:2rem}h4{margin:1rem 0 .3rem}
small,summary span,i{opacity:.75;font-weight:400}
code,pre{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}
pre{background:var(--soft);padding:.7rem;border-radius:6px;overflow:auto;overflow-wrap:normal}
a{color:var(--accent)}nav{display:flex;flex-wrap:wrap;gap:.3rem 1rem}nav a{padding:.4rem 0}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:0 .8rem}
details[open]{padding-bottom:.8rem}
summary{cursor:pointer;padding:.7rem 0;overflow-wrap:anywhere}summary span{display:block}
summary b{display:inline-block;min-width:3.6rem;font-size:.8rem;color:var(--accent)}
summary b.delete{color:light-dark(#b3261e,#ff8a80)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
td{border-top:1px solid var(--line);padding:.35rem .6rem .35rem 0;vertical-align:top;min-width:5rem}
input,textarea,button{font:inherit;color:inherit;background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.5rem .7rem;max-width:100%}
input[type=search],textarea{width:100%}textarea{font:13px/1.45 ui-monospace,monospace}
button{cursor:pointer;margin:.5rem .5rem .5rem 0}
.try label{display:flex;flex-wrap:wrap;align-items:center;gap:.3rem .6rem;margin:.4rem 0}.try pre:empty{display:none}
[hidden]{display:none}
@media (min-width:48rem){summary span{display:inline;margin-left:.6rem}}
`;
