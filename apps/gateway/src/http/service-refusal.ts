import { Refusal, type RefusalJson } from '@decent-cloud/kernel';

/** A service said no: a business failure, which shipped clients of the existing system expect with status 200. */
export class ServiceRefusal extends Error {
  override readonly name = 'ServiceRefusal';
  readonly refusal: Refusal;

  constructor(json: RefusalJson) {
    super(json.message);
    this.refusal = Refusal.fromJSON(json);
  }
}
