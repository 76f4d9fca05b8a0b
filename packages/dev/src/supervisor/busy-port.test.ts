import { expect, test } from 'vitest';
import { busyPortMessage, listeningInodes } from './busy-port.ts';

const procNetTcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1FA6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1FA6 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0
   2: 0100007F:0FA6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0`;

test('only the socket that listens on the port is found, not its connections', () => {
  expect(listeningInodes(procNetTcp, 8102)).toEqual(['4711']);
  expect(listeningInodes(procNetTcp, 8103)).toEqual([]);
});

test('a busy port names the part, who holds it, and the setting that moves it', () => {
  const text = busyPortMessage(8102, 'gateway', { pid: 4242, command: 'node server.js' });
  expect(text).toBe(
    'port 8102 of gateway is held by process 4242 (node server.js). End it, or move all ports: NEXT_PUBLIC_STACK_PORT_PREFIX=82 (the ports become 82nn)',
  );
  expect(busyPortMessage(8102, 'gateway', undefined)).toContain('another program');
});
