"""Why a model gave its answer: where on the photo it looked, and which training photos are near."""
