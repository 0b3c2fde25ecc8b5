/** Logic of three values: what a policy says may hang on something that we do not know, and then nobody may be sure. */

export type Truth = 'yes' | 'no' | 'unknown';

/** Kleene's conjunction; `yes` for none. */
export function every(values: Iterable<Truth>): Truth {
  let answer: Truth = 'yes';
  for (const value of values) {
    if (value === 'no') return 'no';
    if (value === 'unknown') answer = 'unknown';
  }
  return answer;
}

/** Kleene's disjunction; `no` for none. */
export function some(values: Iterable<Truth>): Truth {
  let answer: Truth = 'no';
  for (const value of values) {
    if (value === 'yes') return 'yes';
    if (value === 'unknown') answer = 'unknown';
  }
  return answer;
}

export function not(value: Truth): Truth {
  return value === 'yes' ? 'no' : value === 'no' ? 'yes' : 'unknown';
}

export function truth(value: boolean): Truth {
  return value ? 'yes' : 'no';
}
