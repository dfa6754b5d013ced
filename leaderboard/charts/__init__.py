"""Charts: one module each, drawn at build time, with the numbers behind them as a table."""
