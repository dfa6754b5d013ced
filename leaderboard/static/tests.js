// The paired tests of cefrbench.statistics.pairs, for encoders that a reader chooses.
"use strict";

const cefrbenchTests = (() => {
  const FEWEST_CORPORA = 3;

  // log Γ(x), Lanczos (g = 7, n = 9).
  const LANCZOS = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
    1.5056327351493116e-7,
  ];
  const logGamma = (x) => {
    const t = x + 6.5;
    const sum = LANCZOS.slice(1).reduce((all, c, i) => all + c / (x + i), LANCZOS[0]);
    return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
  };

  // Regularised incomplete beta function I_x(a, b) by its continued fraction (Lentz's method).
  const fraction = (x, a, b) => {
    const TINY = 1e-300;
    let c = 1;
    let d = 1 / Math.max(TINY, Math.abs(1 - ((a + b) * x) / (a + 1))) * Math.sign(1 - ((a + b) * x) / (a + 1));
    let h = d;
    for (let m = 1; m < 500; m += 1) {
      const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
      const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
      let change = 1;
      for (const step of [even, odd]) {
        d = 1 / (1 + step * d || TINY);
        c = 1 + step / c || TINY;
        change = c * d;
        h *= change;
      }
      if (Math.abs(change - 1) < 1e-14) break;
    }
    return h;
  };
  const beta = (x, a, b) => {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const front = Math.exp(
      logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
    );
    return x < (a + 1) / (a + b + 2)
      ? (front * fraction(x, a, b)) / a
      : 1 - (front * fraction(1 - x, b, a)) / b;
  };

  // Two-sided p of Student's t; with no end of freedom, of the normal distribution.
  const twoSided = (t, freedom) => {
    if (freedom === Infinity) return erfc(Math.abs(t) / Math.SQRT2);
    return beta(freedom / (freedom + t * t), freedom / 2, 0.5);
  };

  // erfc(x) for x ≥ 0: its series where small, its continued fraction where large.
  const erfc = (x) => {
    if (x < 2) {
      let term = x;
      let sum = x;
      for (let n = 1; n < 200 && Math.abs(term) > 1e-17 * sum; n += 1) {
        term *= (-x * x) / n;
        sum += term / (2 * n + 1);
      }
      return 1 - (2 / Math.sqrt(Math.PI)) * sum;
    }
    let f = x;
    for (let n = 60; n > 0; n -= 1) f = x + n / 2 / f;
    return Math.exp(-x * x) / (f * Math.sqrt(Math.PI));
  };

  // 97.5 % quantile by bisection on the p-value.
  const quantile = (freedom) => {
    let [low, high] = [0, 1000];
    for (let i = 0; i < 100; i += 1) {
      const middle = (low + high) / 2;
      if (twoSided(middle, freedom) > 0.05) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };

  const test = (difference, error, freedom) => {
    if (error <= 1e-12) {
      const p = Math.abs(difference) <= 1e-12 ? 1 : 0;
      return { low: difference, high: difference, p, holm: p };
    }
    const half = quantile(freedom) * error;
    const p = twoSided(difference / error, freedom);
    return { low: difference - half, high: difference + half, p, holm: p };
  };

  const theseCorpora = (difference, error) => test(difference, error, Infinity);

  const beyondCorpora = (difference, error, corpora) => {
    const n = corpora.length;
    if (n < FEWEST_CORPORA) return null;
    const mean = corpora.reduce((sum, value) => sum + value, 0) / n;
    const squares = corpora.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return test(difference, Math.max(error, Math.sqrt(squares / (n - 1) / n)), n - 1);
  };

  // Holm's step-down correction, in place.
  const holm = (tests) => {
    const order = tests.filter(Boolean).sort((a, b) => a.p - b.p);
    let most = 0;
    order.forEach((one, rank) => {
      most = Math.max(most, Math.min(1, one.p * (order.length - rank)));
      one.holm = most;
    });
  };

  return { theseCorpora, beyondCorpora, holm };
})();
