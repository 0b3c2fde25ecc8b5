import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/netlab/**'],
    // The guard of src/host.ts: whatever a test does, packets go to loopback only.
    env: { VPCE_DOCTOR_ONLY: '127.0.0.0/8 ::1/128', AWS_EC2_METADATA_DISABLED: 'true' },
    testTimeout: 20_000,
    // Much of what they do is to wait for silence.
    maxWorkers: Math.max(3, availableParallelism()),
  },
});
