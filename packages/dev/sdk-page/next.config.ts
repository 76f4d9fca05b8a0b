import type { NextConfig } from 'next';

const nextConfig: NextConfig = {
  // `tsc -p packages/dev/sdk-page` checks the types; Next cannot with this compiler.
  typescript: { ignoreBuildErrors: true },
};

export default nextConfig;
