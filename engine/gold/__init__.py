"""From a real project to a gold environment: a healthy image with an observed baseline."""
