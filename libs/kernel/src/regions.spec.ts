import { REGIONS, regionOfCountry } from './regions.ts';

/** ISO 3166-1, all 249. */
const ISO =
  `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA
  CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE
  GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
  KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC
  NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK
  SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF
  WS YE YT ZA ZM ZW`.split(/\s+/);

describe('regionOfCountry', () => {
  it('knows every country of ISO 3166-1', () => {
    expect(new Set(ISO).size).toBe(249);
    expect(ISO.filter((country) => regionOfCountry(country) === undefined)).toEqual([]);
  });

  it('takes any case, and UK for GB', () => {
    expect(regionOfCountry('de')).toBe('europe');
    expect(regionOfCountry('UK')).toBe('europe');
    expect(regionOfCountry('uk')).toBe(regionOfCountry('GB'));
    expect(regionOfCountry('XK')).toBe('europe');
  });

  it.each(
    'ML NE DJ ER ET SO KE UG TZ RW BI CD CG GA CM CF AO TD SS NA BW ZW ZM MW MZ SZ LS ZA NG GH'.split(' '),
  )('puts %s into Sub-Saharan Africa', (country) => {
    expect(regionOfCountry(country)).toBe('ssa');
  });

  it.each([
    ['US', 'na'],
    ['MX', 'na'],
    ['BR', 'latam'],
    ['SG', 'apac'],
    ['AE', 'mena'],
    ['EG', 'mena'],
    ['KZ', 'cis'],
  ])('puts %s into %s', (country, region) => {
    expect(regionOfCountry(country)).toBe(region);
  });

  it('knows no region for what is no country', () => {
    for (const text of ['', 'ZZ', 'DEU', 'D', '  ', 'constructor'])
      expect(regionOfCountry(text)).toBeUndefined();
  });

  it('has seven regions', () => {
    expect(Object.keys(REGIONS)).toHaveLength(7);
  });
});
