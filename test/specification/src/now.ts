/** The moment at which every scenario asks, in ms since 1970: what decides whether an override has ended. */
export const NOW = 1_000_000;
