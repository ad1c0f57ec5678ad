/** Where a pool of agents stands; an offering without a pool of its own is served by the pool of its country's region. */
export const REGIONS = {
  europe: 'Europe',
  na: 'North America',
  latam: 'Latin America',
  apac: 'Asia Pacific',
  mena: 'Middle East & North Africa',
  ssa: 'Sub-Saharan Africa',
  cis: 'CIS (Russia & neighbors)',
} as const;
export type Region = keyof typeof REGIONS;
export const REGION_WORDS = Object.keys(REGIONS) as readonly Region[];

/** ISO 3166-1 alpha-2, with XK (Kosovo) and UK beside GB. */
const COUNTRIES: Readonly<Record<Region, string>> = {
  europe: `AD AL AT AX BA BE BG CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC ME MK MT NL
    NO PL PT RO RS SE SI SJ SK SM UK VA XK`,
  na: `AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM PR SV SX TC TT US
    VC VG VI`,
  latam: 'AQ AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE',
  apac: `AF AS AU BD BN BT CC CK CN CX FJ FM GU HK HM ID IN IO JP KH KI KP KR LA LK MH MM MN MO MP MV MY NC NF NP NR NU NZ
    PF PG PH PK PN PW SB SG TH TK TL TO TV TW UM VN VU WF WS`,
  mena: 'AE BH DZ EG EH IL IQ IR JO KW LB LY MA MR OM PS QA SA SD SY TN TR YE',
  ssa: `AO BF BI BJ BW CD CF CG CI CM CV DJ ER ET GA GH GM GN GQ GW KE KM LR LS MG ML MU MW MZ NA NE NG RE RW SC SH SL SN SO
    SS ST SZ TD TF TG TZ UG YT ZA ZM ZW`,
  cis: 'AM AZ BY GE KG KZ MD RU TJ TM UA UZ',
};

const REGION_OF = new Map(
  (Object.keys(COUNTRIES) as Region[]).flatMap((region) =>
    COUNTRIES[region].split(/\s+/).map((country) => [country, region] as const),
  ),
);

/** The region of a country, in any case; undefined for what is no country. */
export function regionOfCountry(alpha2: string): Region | undefined {
  return REGION_OF.get(alpha2.toUpperCase());
}
