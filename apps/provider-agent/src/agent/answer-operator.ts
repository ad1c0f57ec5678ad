import type { ControlRequest } from './control-messages.ts';
import type { Operator } from './operator.ts';
import type { Reconciler } from './reconcile.ts';

/** What the running agent does for a person at its control socket. @throws OperatorRefusal; and when the platform cannot be asked */
export async function answerOperator(
  operator: Operator,
  reconciler: Reconciler,
  request: ControlRequest,
): Promise<unknown> {
  switch (request.method) {
    case 'orphans-list':
      return operator.orphans();
    case 'orphans-adopt':
      return operator.adopt(request.externalId);
    case 'orphans-destroy':
      return operator.destroy(request.externalId);
    case 'plan':
      return operator.plan();
    case 'reconcile': {
      const plan = await operator.plan();
      return { ...plan, compared: await reconciler.run(true) };
    }
  }
}
