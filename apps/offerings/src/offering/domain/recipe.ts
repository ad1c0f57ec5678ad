import { Refusal } from '@decent-cloud/kernel';

const MAX_BYTES = 65_536;
const DANGEROUS = [
  'rm -rf /*',
  'mkfs.',
  'dd if=/dev/zero of=/dev/',
  'dd if=/dev/urandom of=/dev/',
  ':(){ :|:& };:',
  '> /dev/sda',
];
/** The root itself, not some folder below it. */
const REMOVES_ROOT = /rm -rf \/(?=\s|$|[;&|])/;

/** A script that runs on new machines: refuses mistakes that would destroy them. No defence against bad intent. */
export function assertRecipe(script: string): void {
  const faults: string[] = [];
  if (script.trim() === '') faults.push('Script is empty');
  if (new TextEncoder().encode(script).length > MAX_BYTES) faults.push(`Script exceeds ${MAX_BYTES} bytes`);
  if (REMOVES_ROOT.test(script)) faults.push("Dangerous pattern detected: 'rm -rf /'");
  for (const pattern of DANGEROUS) {
    if (script.includes(pattern)) faults.push(`Dangerous pattern detected: '${pattern}'`);
  }
  if (faults.length > 0) {
    throw new Refusal('INVALID', 'INVALID_INPUT', `Recipe validation failed: ${faults.join('; ')}`);
  }
}
