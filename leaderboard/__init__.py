"""The leaderboard: results as data, and the builder of the static site."""
