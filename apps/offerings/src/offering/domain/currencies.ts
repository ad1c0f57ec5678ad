import { Refusal } from '@decent-cloud/kernel';

const CURRENCIES = new Set(
  `USD AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP
  CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR ISK JMD JPY KES
  KGS KHR KMF KRW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
  PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX
  UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW`.split(/\s+/),
);

/** A supported currency in capitals. @throws Refusal CURRENCY_UNSUPPORTED */
export function readCurrency(text: string): string {
  const currency = text.trim().toUpperCase();
  if (CURRENCIES.has(currency)) return currency;
  throw new Refusal(
    'UNPROCESSABLE',
    'CURRENCY_UNSUPPORTED',
    `Currency '${text}' is not supported. Use the code of a currency, for example USD or EUR`,
  );
}
