import type { DoctorCheck } from '@atlas/contracts/control';

export function pass(check: string, found: string): DoctorCheck {
  return { check, verdict: 'pass', found, fix: '' };
}

export function fail(check: string, found: string, fix: string): DoctorCheck {
  return { check, verdict: 'fail', found, fix };
}

export function unknown(check: string, found: string, fix: string): DoctorCheck {
  return { check, verdict: 'unknown', found, fix };
}
