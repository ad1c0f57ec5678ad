/**
 * The one catalogue of stable reason codes: the same word in the API (`code`), the command line, the web page and mails.
 * The text says what a person can do about it.
 */
export const REASONS = {
  // requests
  INVALID_INPUT: 'Correct the named field and send the request again.',
  UNKNOWN_ENDPOINT: 'Check method and path against /api/v1/openapi.',
  UNSUPPORTED_CONTENT_TYPE: 'Send the body as application/json.',
  BODY_TOO_LARGE: 'Send a smaller body.',
  RATE_LIMITED: 'Wait for the time named in Retry-After.',
  ORIGIN_NOT_ALLOWED: 'Call from a page of an origin that the platform allows.',
  IDEMPOTENCY_KEY_REUSED: 'Use a new Idempotency-Key for a different request.',
  IDEMPOTENCY_KEY_IN_FLIGHT: 'The first request with this key is still running: ask again shortly.',
  SERVICE_UNAVAILABLE: 'Part of the platform does not answer at the moment: try again shortly.',
  STORAGE_FULL:
    'The disk of the platform is full: nothing was changed. Try again later; its operator must free space.',
  CLOCK_WRONG:
    'A clock of the platform is wrong, not yours: nothing was changed. Try again later; its operator must set it.',
  OUTCOME_UNKNOWN:
    'It was not done, or it was begun in time and is done: look, or send it again with the same Idempotency-Key, which does it once.',
  INTERNAL: 'This is our fault. Report the request id.',
  // signatures
  SIGNATURE_MISSING: 'Sign the request: X-Public-Key, X-Signature, X-Timestamp, X-Nonce.',
  SIGNATURE_MALFORMED: 'Correct the format of the signature headers.',
  SIGNATURE_INVALID: 'Sign exactly the bytes that are sent.',
  SIGNATURE_EXPIRED: 'Set the clock of this machine: stamps may differ by at most 5 minutes.',
  SIGNATURE_REPLAYED: 'Send every request with a fresh nonce.',
  KEY_UNACCEPTABLE: 'Generate a new Ed25519 key: this one is not safe to use.',
  KEY_DISABLED: 'Sign with another key of the account.',
  DELEGATION_MISSING: 'Register the agent with a setup token of its provider.',
  PERMISSION_MISSING: 'Give the agent a delegation that holds this permission.',
  NOT_OWNER: 'Only the owner may do this.',
  // accounts
  ACCOUNT_NOT_FOUND: 'Register an account first.',
  USERNAME_TAKEN: 'Choose another username.',
  EMAIL_TAKEN: 'Use another e-mail address.',
  EMAIL_UNVERIFIED: 'Verify the e-mail address of the account first.',
  KEY_TAKEN: 'Use a key that belongs to no account.',
  KEY_NOT_FOUND: 'Check the key id.',
  KEY_LIMIT: 'Remove a key first.',
  KEY_OWNS_THINGS: 'Use a key that owns nothing, or say that the account may act for what this one owns.',
  INVITATION_NOT_FOUND: 'Ask somebody of the account to add your public key.',
  LAST_KEY: 'Add another key before removing this one.',
  // offerings
  OFFERING_NOT_FOUND: 'Search the marketplace again: this offering is gone or not visible to you.',
  OFFERING_EXISTS: 'Choose another offering_id.',
  PROVIDER_OFFLINE: 'Choose another offering, or try again when the provider is online.',
  OUT_OF_STOCK: 'Choose another offering or try again later.',
  PRICE_CHANGED: 'Look at the offering again, and rent at its new price if you agree to it.',
  DURATION_OUT_OF_RANGE: 'Choose a duration within the limits of the offering.',
  CURRENCY_UNSUPPORTED: 'Choose a supported currency.',
  // contracts
  CONTRACT_NOT_FOUND: 'Check the contract id.',
  TRANSITION_NOT_ALLOWED: 'Look at the contract: its state does not allow this any more.',
  CREDENTIALS_NOT_AVAILABLE:
    'Use your SSH key. Where the machine lives and has a password, resetting it gives new credentials.',
  SSH_KEY_INVALID: 'Give one public SSH key line, for example the content of ~/.ssh/id_ed25519.pub.',
  OWN_CONTRACT: 'Ask another party.',
  // payments
  INSUFFICIENT_BALANCE: 'Top up the wallet and try again.',
  PAYMENT_METHOD_UNAVAILABLE: 'Choose another payment method.',
  AMOUNT_INVALID: 'Give an amount within the limits.',
  // agents
  POOL_NOT_FOUND: 'Check the pool id.',
  POOL_IN_USE: 'Revoke the agents of the pool first.',
  SETUP_TOKEN_INVALID: 'Make a new setup token for the pool.',
  AGENT_NOT_FOUND: 'Check the key of the agent.',
  AGENT_INSTANCE_HELD:
    'Stop one of the two, or give this host an agent of its own with `dc-agent setup token`: it gets in when the other one has stopped, or was silent for five minutes.',
  AGENT_HAS_MACHINES:
    'End those rentals first, or give the machines up in the same call with machines=give-up: their rentals end, or are made again elsewhere.',
  DC_ID_TAKEN: 'Choose another dc_id.',
  DNS_NOT_CONFIGURED: 'The operator of the platform must name the zone that records go into.',
  DNS_LIMIT: 'Delete records that are not needed any more.',
  API_KEY_INVALID: 'Register the gateway again: that gives a new user and key.',
  NOTIFICATION_NOT_FOUND: 'Check the notification id.',
  // why a rental ended without a machine
  NO_AGENT_AVAILABLE: 'The provider has no agent online for this offering. Nothing was charged in the end.',
  PROVISIONING_FAILED: 'The provider could not make the machine. The money was returned.',
  PROVISIONING_TIMEOUT: 'The machine was not ready in time. The money was returned.',
  PAYMENT_TIMEOUT: 'The payment did not arrive in time.',
  RESPONSE_TIMEOUT: 'The provider did not answer in time. The money was returned.',
  CANCELLED_BY_TENANT: 'The tenant cancelled.',
  REJECTED_BY_PROVIDER: 'The provider rejected the request. The money was returned.',
  TERM_ENDED: 'The paid time is over.',
  MACHINE_LOST:
    'The machine is not there any more at the provider. The time without a machine was not charged, the rest of the money was returned.',
} as const satisfies Record<string, string>;

export type Reason = keyof typeof REASONS;
export const REASON_WORDS = Object.keys(REASONS) as readonly Reason[];
