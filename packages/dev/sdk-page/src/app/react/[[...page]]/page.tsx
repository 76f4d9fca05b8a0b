import { pageSettings } from '../../../settings.ts';
import { ReactApp } from './react-app.tsx';

/** The same with `@stackframe/react`, which knows no server: everything happens in the browser. */
export default function ReactPage() {
  return <ReactApp settings={pageSettings()} />;
}
