"""The explorer with a fake model, in headless runs on the small gold environment."""

from tests.auto.conftest import home as home
from tests.auto.conftest import probed as probed
from tests.auto.conftest import start as start
from tests.models.conftest import environment as environment
from tests.models.conftest import fake as fake
