import { StackClientApp, StackServerApp } from 'stack-js-2.8.108';
import { testContract } from './contract.ts';

testContract('2.8.108', 'x-hexclave', { StackClientApp, StackServerApp });
