import { escapeHtml } from './html.ts';
import type { Offering, PlatformStatus } from './platform-status.ts';

export interface HomePageInput {
  readonly status: PlatformStatus;
  /** Undefined while offerings do not answer. */
  readonly offerings: readonly Offering[] | undefined;
  readonly environment: string;
  readonly publicUrl: string;
}

const PURPOSE: Record<string, string> = {
  accounts: 'people and their keys',
  offerings: 'what is for rent',
  contracts: 'rentals',
  payments: 'money, held and earned by the second',
  notifications: 'mails',
  agents: 'machines at the providers',
};

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

/** The first page that a newcomer sees: what this is, what works, what is for rent, what to type next. */
export function homePage(input: HomePageInput): string {
  const { status, offerings, environment, publicUrl } = input;
  const isOk = status.status === 'ok';
  const count = status.offeringsForRent;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Decent Cloud</title><meta name="description" content="A marketplace for cloud machines that belong to no single company"><link rel="icon" href="data:,"><style>${STYLE}</style></head><body>
<header><div class="brand"><span class="dot"></span>Decent Cloud</div>
<h1>Rent a machine from somebody who has one.</h1>
<p class="lead">A marketplace for cloud machines that belong to no single company. Anyone with servers offers them; anyone rents them by the hour or month. Your identity is a key, not a password. Money is earned as time passes, and whatever you do not use comes back, to the second.</p>
<span class="pill${isOk ? '' : ' down'}"><span class="dot"></span>${isOk ? 'Everything works' : 'Part of the platform does not work'}</span>${
    count === undefined
      ? ''
      : `<span class="pill">${count} ${count === 1 ? 'offering' : 'offerings'} for rent</span>`
  }${environment === 'prod' ? '' : `<span class="pill">${escapeHtml(environment)} environment</span>`}
</header><main>
<h2>For rent now</h2>
${offeringsBlock(offerings)}
<h2>What to type next</h2>
${commands(environment, publicUrl, offerings?.[0]?.id)}
<h2>What works</h2>
<ul class="grid">${status.services.map(serviceItem).join('')}</ul>
</main><footer><a href="/api/v1/swagger">API reference</a><a href="/api/v1/openapi">OpenAPI document</a><a href="/api/v1/status">Status as JSON</a><div>Version ${escapeHtml(status.version)}. Shown as it was a moment ago; reload for now.</div></footer></body></html>`;
}

function offeringsBlock(offerings: readonly Offering[] | undefined): string {
  if (!offerings) {
    return '<p class="card">The marketplace does not answer at the moment. Reload in a minute.</p>';
  }
  if (offerings.length === 0) {
    return '<p class="card">Nothing is for rent yet. Be the first to offer a machine: the commands below show how.</p>';
  }
  return `<ul class="grid">${offerings.map(offeringItem).join('')}</ul>`;
}

function offeringItem(offering: Offering): string {
  const size = [
    offering.processor_cores &&
      `${offering.processor_cores} ${offering.processor_cores === 1 ? 'core' : 'cores'}`,
    offering.memory_amount,
    offering.total_ssd_capacity ?? offering.total_hdd_capacity,
  ].filter(Boolean);
  const place = [offering.datacenter_city, offering.datacenter_country].filter(Boolean).join(', ');
  return `<li class="card"><h3>${escapeHtml(offering.offer_name)}</h3><div class="price">${escapeHtml(offering.monthly_price.toFixed(2))} ${escapeHtml(offering.currency)} <span class="soft">a month</span></div><p class="facts">${[
    ...size,
    place,
    offering.product_type,
  ]
    .filter(Boolean)
    .map(escapeHtml)
    .join(' · ')}</p><p class="facts"><code>#${escapeHtml(offering.id)}</code></p></li>`;
}

function serviceItem({ name, up, latencyMs, failing }: PlatformStatus['services'][number]): string {
  const well = failing ? `up, but not well: ${escapeHtml(failing.join(', '))}` : `up, ${latencyMs ?? 0} ms`;
  const state = up ? well : 'does not answer';
  return `<li class="card service${up && !failing ? '' : ' down'}"><span class="dot"></span><span>${escapeHtml(name)}<small>${escapeHtml(PURPOSE[name] ?? '')} · ${state}</small></span></li>`;
}

function commands(environment: string, publicUrl: string, offeringId: bigint | undefined): string {
  const topUp = environment === 'prod' ? '' : ' --method test';
  const elsewhere = publicUrl === DEFAULT_API_URL ? '' : `export DC_API_URL=${escapeHtml(publicUrl)}\n\n`;
  return `<p>In the folder of the repository. This platform answers at <code>${escapeHtml(publicUrl)}</code>.</p><pre>${elsewhere}<i># become somebody: a key, and an account for it</i>
npx dc identity generate --name me
export DC_IDENTITY=me
npx dc account create --username alice --email alice@example.com

<i># rent a machine for an hour and log in</i>
npx dc wallet topup --amount 5${topUp}
npx dc contract list-offerings
npx dc contract create --offering-id ${escapeHtml(offeringId ?? 1n)} --duration-hours 1 --wait
npx dc contract ssh last

<i># give it back; what is left of the hour is refunded</i>
npx dc contract cancel last

<i># everything else</i>
npx dc --help</pre>`;
}
