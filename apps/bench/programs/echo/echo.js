import { Answers } from '@decent-cloud/runtime';
import { echo } from '../../dist/echo-declaration.js';

export class Echo {
  /** @param {{ body: object }} input */
  async run({ body }) {
    return body;
  }
}
Answers(echo)(/** @type {any} */ (Echo));
