import { Refusal } from './refusal.ts';
import { defineLifecycle } from './transitions.ts';

const door = defineLifecycle('closed', { closed: ['open', 'broken'], open: ['closed'], broken: [] });

describe('lifecycle', () => {
  it('derives finals and moves from the table', () => {
    expect(door.finals).toEqual(['broken']);
    expect(door.canMove('closed', 'open')).toBe(true);
    expect(door.canMove('open', 'broken')).toBe(false);
    expect(door.isFinal('broken')).toBe(true);
  });

  it('refuses an illegal move and names the legal ones', () => {
    expect(() => door.assertMove('open', 'broken')).toThrow(
      new Refusal(
        'CONFLICT',
        'TRANSITION_NOT_ALLOWED',
        'Cannot move from open to broken. Allowed from open: closed',
      ),
    );
  });

  it('refuses a table with an unreachable or an unknown state', () => {
    expect(() => defineLifecycle('a', { a: [], b: [] } as Record<'a' | 'b', ('a' | 'b')[]>)).toThrow(
      /unreachable \[b\]/,
    );
    expect(() => defineLifecycle('a', { a: ['x'] } as unknown as Record<'a', 'a'[]>)).toThrow(
      /unknown \[x\]/,
    );
  });
});
