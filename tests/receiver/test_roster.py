"""Everything that knows sources by name hears of a change, and what has not changed stays as it is."""

from receiver.app import build_source, create_app
from receiver.backlog import Cap
from receiver.settings import ReceiverSettings, SourceSettings
from tests.support.schemes import STANDARD_SECRET

SCHEME = {"type": "standard-webhooks", "secrets": [STANDARD_SECRET]}
LIMITED = SourceSettings.model_validate({"scheme": SCHEME, "rate_limit_per_s": 0.5})


def endpoint_of(**sources):
    """Return the endpoint of an application that does not run."""
    settings = ReceiverSettings.model_validate({"sources": sources})
    return create_app(settings)._endpoint


def serve(endpoint, **sources) -> None:
    endpoint.provided._serve({name.replace("_", "-"): one for name, one in sources.items()})


def test_a_source_keeps_its_bucket_when_another_one_comes():
    """Each change would else give everybody a new allowance."""
    endpoint = endpoint_of()
    serve(endpoint, shopify_00000001=LIMITED)
    first = endpoint.sources["shopify-00000001"]

    serve(endpoint, shopify_00000001=LIMITED, shopify_00000002=LIMITED)

    assert first is endpoint.sources["shopify-00000001"]
    assert first.bucket is not endpoint.sources["shopify-00000002"].bucket


def test_what_is_learnt_has_a_cap_and_is_looked_after():
    """A source without a cap could fill Redis, and one that identity does not know would look lost."""
    endpoint = endpoint_of(shop={"scheme": SCHEME, "max_pending_events": 7})

    serve(endpoint, shopify_00000001=LIMITED)

    assert 7 == endpoint.backlog._caps.sources["shop"].events
    assert Cap(events=500_000, bytes=536_870_912) == endpoint.backlog._caps.sources["shopify-00000001"]


def test_the_file_wins():
    """A source of the file is what an operator wrote."""
    endpoint = endpoint_of(shop={"scheme": SCHEME})
    own = endpoint.sources["shop"]

    serve(endpoint, shop=LIMITED)

    assert own is endpoint.sources["shop"]
    assert build_source("shop", LIMITED).bucket is not None
