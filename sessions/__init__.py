"""What happened: events, the journal that keeps them, and the fold that reads them. No Docker, no screen."""
