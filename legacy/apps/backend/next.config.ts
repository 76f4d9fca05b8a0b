import type { NextConfig } from 'next';

const nextConfig: NextConfig = {
  // `tsc -p .` checks the types; Next cannot with this compiler.
  typescript: { ignoreBuildErrors: true },
  poweredByHeader: false,
  // Clients call addresses as they are: no 308 to another spelling of them.
  skipTrailingSlashRedirect: true,
  // Loaded from node_modules as they are: native code, and schemas that are checked by identity.
  serverExternalPackages: ['@node-rs/bcrypt', '@stackframe/stack-shared', 'pg', 'yup'],
  compress: false,
};

export default nextConfig;
