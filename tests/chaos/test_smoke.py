"""The smallest scenario: one kill, so that the suite itself is known to work before anything else is asked of it."""

from tests.support.waiting import until

NOTE = {"name": "Note", "trigger": "order.created", "actions": [{"type": "slow_note", "seconds": 0.05}]}


def test_s0_one_killed_worker_costs_no_event(system, scaled, chance, shown):
    """If this fails, the suite is broken, not the product under load."""
    events = scaled(100, least=20)
    system.configure([NOTE])
    system.start_receiver()
    worker = system.start_worker()

    for number in range(events):
        system.deliver("open", f"evt-{number}", {"id": f"order-{number % 7}"})
        if number == chance.randrange(events // 2) or number == events // 2:
            worker.kill()
            worker = system.start_worker()

    until(lambda: len({deed[1] for deed in system.deeds()}) == events, within_s=30)
    shown("S0", criterion="0 lost", reached=f"{events} acknowledged, {events} with their effect")
