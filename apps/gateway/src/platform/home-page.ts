import { innerServices } from '@decent-cloud/messages';
import { escapeUTF8 } from 'entities/escape';
import { elsewhere, pageHead } from './page-frame.ts';
import type { Offering, PlatformStatus } from './platform-status.ts';

export interface HomePageInput {
  readonly status: PlatformStatus;
  /** Undefined while offerings do not answer. */
  readonly offerings: readonly Offering[] | undefined;
  readonly environment: string;
  readonly publicUrl: string;
}

const PURPOSE: ReadonlyMap<string, string> = new Map(
  innerServices.map(({ name, purpose }) => [name, purpose]),
);

/** The first page that a newcomer sees: what this is, what works, what is for rent, what to type next. */
export function homePage(input: HomePageInput): string {
  const { status, offerings, environment, publicUrl } = input;
  const isOk = status.status === 'ok';
  const count = status.offeringsForRent;
  return `${pageHead('Decent Cloud', 'A marketplace for cloud machines that belong to no single company')}
<header><div class="brand"><span class="dot"></span>Decent Cloud</div>
<h1>Rent a machine from somebody who has one.</h1>
<p class="lead">A marketplace for cloud machines that belong to no single company. Anyone with servers offers them; anyone rents them by the hour or month. Your identity is a key, not a password. Money is earned as time passes, and whatever you do not use comes back, to the second.</p>
<span class="pill${isOk ? '' : ' down'}"><span class="dot"></span>${isOk ? 'Everything works' : 'Part of the platform does not work'}</span>${
    count === undefined
      ? ''
      : `<span class="pill">${count} ${count === 1 ? 'offering' : 'offerings'} for rent</span>`
  }${environment === 'prod' ? '' : `<span class="pill">${escapeUTF8(environment)} environment</span>`}
</header><main>
<h2>For rent now</h2>
${offeringsBlock(offerings)}
<h2>What to type next</h2>
${commands(environment, publicUrl, offerings?.[0]?.id)}
<h2>What works</h2>
<ul class="grid">${status.services.map(serviceItem).join('')}</ul>
</main><footer><a href="/api/v1/swagger">API reference</a><a href="/api/v1/openapi">OpenAPI document</a><a href="/api/v1/status">Status as JSON</a><div>Version ${escapeUTF8(status.version)}. Shown as it was a moment ago; reload for now.</div></footer></body></html>`;
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
  return `<li class="card"><h3>${escapeUTF8(offering.offer_name)}</h3><div class="price">${escapeUTF8(offering.monthly_price.toFixed(2))} ${escapeUTF8(offering.currency)} <span class="soft">a month</span></div><p class="facts">${[
    ...size,
    place,
    offering.product_type,
  ]
    .filter(Boolean)
    .map((fact) => escapeUTF8(String(fact)))
    .join(' · ')}</p><p class="facts"><code>#${offering.id}</code></p></li>`;
}

function serviceItem({ name, up, latencyMs, failing }: PlatformStatus['services'][number]): string {
  const well = failing ? `up, but not well: ${escapeUTF8(failing.join(', '))}` : `up, ${latencyMs ?? 0} ms`;
  const state = up ? well : 'does not answer';
  return `<li class="card service${up && !failing ? '' : ' down'}"><span class="dot"></span><span>${escapeUTF8(name)}<small>${escapeUTF8(PURPOSE.get(name) ?? '')} · ${state}</small></span></li>`;
}

function commands(environment: string, publicUrl: string, offeringId: bigint | undefined): string {
  const topUp = environment === 'prod' ? '' : ' --method test';
  return `<p>In the folder of the repository. This platform answers at <code>${escapeUTF8(publicUrl)}</code>.</p><pre>${elsewhere(publicUrl)}<i># become somebody: a key, and an account for it</i>
npx dc identity generate --name me
export DC_IDENTITY=me
npx dc account create --username alice --email alice@example.com

<i># rent a machine for an hour and log in</i>
npx dc wallet topup --amount 5${topUp}
npx dc contract list-offerings
npx dc contract create --offering-id ${offeringId ?? 1n} --duration-hours 1 --wait
npx dc contract ssh last

<i># give it back; what is left of the hour is refunded</i>
npx dc contract cancel last

<i># everything else</i>
npx dc --help</pre>`;
}
