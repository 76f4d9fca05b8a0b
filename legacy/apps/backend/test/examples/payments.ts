import type { Examples } from '../example.ts';
import type { World } from '../world.ts';

const ofUser = async (world: World) => {
  const user = await world.signUp();
  return { user, params: { customer_type: 'user', customer_id: user.userId } };
};

export const paymentExamples: Examples = {
  'GET /payments/billing/:customer_type/:customer_id': ofUser,
  'GET /payments/products/:customer_type/:customer_id': ofUser,
  'GET /payments/invoices/:customer_type/:customer_id': ofUser,
};
