"""Personal data: copied for its owner, sealed, erased."""
