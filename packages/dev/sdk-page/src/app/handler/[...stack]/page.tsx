import { StackHandler } from '@stackframe/stack';

/** Sign-in, sign-up, callbacks, account settings: the pages that the SDK brings. */
export default function Handler() {
  return <StackHandler fullPage />;
}
