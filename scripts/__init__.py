"""Programs that make what the repository shows: pictures, and the studies behind them."""
