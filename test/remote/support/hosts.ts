/** Which hosts the fake Systems Manager knows, and what is wrong with each. */
export const HOSTS: Readonly<Record<string, 'healthy' | 'ca-bundle-missing'>> = {
  'i-0aaaaaaaaaaaaaaa1': 'healthy',
  'i-0bbbbbbbbbbbbbbb2': 'ca-bundle-missing',
};
