"""The demo firm: people and a history made only by driving the product's own services against the simulators."""
