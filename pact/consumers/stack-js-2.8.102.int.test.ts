import { StackClientApp, StackServerApp } from 'stack-js-2.8.102';
import { testContract } from './contract.ts';

testContract('2.8.102', 'x-stack', { StackClientApp, StackServerApp });
