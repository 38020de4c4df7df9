"""
The part of the Dispatch API that is about shops which are connected to it, and about its own workflows.

Three of these GETs change something by the vendor's own text: `disable`, `toggle` and `resume`. A second call of
`toggle` undoes the first, so none is ever sent twice, by us or by the HTTP library, and each needs the lease.
"""

from .door import Door
from .models import things
from .office_models import DispatchTrigger, DispatchWorkflow, Integration
from .requests import ProviderConfiguration, VapidSubscription, WorkflowConfiguration


class Integrations:
    """Shops that are connected, and subscriptions to push messages."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def configure(self, provider: ProviderConfiguration, *, idempotency_key: str) -> Integration:
        return await self._door.make(
            "configure_provider", Integration.model_validate, provider, key=idempotency_key
        )

    async def disable(self, business_provider_id: str, *, idempotency_key: str) -> Integration:
        """Disable the integration; it is a GET, and never sent twice."""
        return await self._door.make(
            "disable_provider",
            Integration.model_validate,
            key=idempotency_key,
            businessProviderId=business_provider_id,
        )

    async def remove(self, business_provider_id: str, *, idempotency_key: str) -> None:
        await self._door.write(
            "remove_provider", key=idempotency_key, businessProviderId=business_provider_id
        )

    async def save_vapid_subscription(self, subscription: VapidSubscription, *, idempotency_key: str) -> None:
        await self._door.write("save_vapid_subscription", subscription, key=idempotency_key)


class DispatchWorkflows:
    """Upstream's workflows, not ours."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def triggers(self, entity_type: str) -> tuple[DispatchTrigger, ...]:
        """Return the triggers of `Order`, `Shipment`, `Customer` or `Product`."""
        return await self._door.read(
            "list_triggers", things(DispatchTrigger.model_validate), entityType=entity_type
        )

    async def configured(
        self, entity_type: str, *, managed: bool | None = None
    ) -> tuple[DispatchWorkflow, ...]:
        """Return the workflows of an entity type; that None asks for managed and other ones is ours."""
        query = None if managed is None else {"managed": "true" if managed else "false"}
        return await self._door.read(
            "list_workflows", things(DispatchWorkflow.model_validate), query=query, entityType=entity_type
        )

    async def configure(self, workflow: WorkflowConfiguration, *, idempotency_key: str) -> DispatchWorkflow:
        """Create the workflow, or update the one whose guid it carries."""
        return await self._door.make(
            "configure_workflow", DispatchWorkflow.model_validate, workflow, key=idempotency_key
        )

    async def toggle(self, workflow_id: str, *, idempotency_key: str) -> DispatchWorkflow:
        """Switch the workflow on or off, whichever it is not; it is a GET, and never sent twice."""
        return await self._door.make(
            "toggle_workflow", DispatchWorkflow.model_validate, key=idempotency_key, guid=workflow_id
        )

    async def delete(self, workflow_id: str, *, idempotency_key: str) -> None:
        await self._door.write("delete_workflow", key=idempotency_key, guid=workflow_id)

    async def resume(self, workflow_id: str, *, idempotency_key: str) -> None:
        """Resume the workflow; it is a GET, and never sent twice."""
        await self._door.write("resume_workflow", key=idempotency_key, query={"workflowId": workflow_id})
