export { createLedgerClient, type LedgerClient } from './ledger/client.ts';
export { ledgerChannel, readLedger } from './ledger/read.ts';
