"""
Conditions: what a workflow asks of an event, its payload and its order.

A mapping of dotted paths; all of its entries must hold.

    { "status" = "delivered" }                                  the path's value equals this
    { "total" = { "$gte" = 1000, "$lt" = 5000 } }               each operator holds
    { "customer.country" = "NO" }, { "customer" = { "country" = "NO" } }     the same, dotted and nested
    { "$or" = [ { "countryCode" = "NO" }, { "order.tags" = { "$contains" = { "name" = "vip" } } } ] }

Paths
    `event.x` is looked up in the event (id, type, subject, source, occurredAt, acceptedAt, stale), `data.x`
    in the payload's data, `order.x` in the fetched order; any other path in the data and, where it is absent
    there, in the fetched order. A workflow about shipments, customers or products has `shipment.x`, `customer.x` or
    `product.x` in place of `order.x`. Only keys of mappings and indexes of lists are followed, never an attribute.
Operators
    $eq $ne             equal or not; of one kind only: 1 is not "1", and true is not 1
    $gt $gte $lt $lte   number with number, or string with string; strings by code point, which sorts UTC
                        times of one format
    $in $nin            equal to one of a list, or to none
    $exists             true: there is a value, null included; false: there is none
    $startsWith         string with string
    $contains           a string contains a string; a list contains an equal value or, given a mapping, an
                        element that has at least these keys with equal values
    $and $or $not       of conditions; $not also of operators: { "status" = { "$not" = { "$in" = [5, 6] } } }
Kinds that do not match make a comparison false, never an error. Where the path has no value each operator is
false, except `$exists = false` and the opposites `$ne` and `$nin`, which always contradict `$eq` and `$in`.

A condition is parsed once, into a tree that evaluates in time linear in its size and in the values it meets.
There are no regular expressions, since a pattern can cost exponential time.
"""

from .evaluate import Finding, OrderNeeded, explain, holds
from .parse import ConditionError, ConditionProblem, parse_conditions
from .tree import AllOf, AnyOf, Condition, Leaf, Not
from .view import Absent, View

__all__ = [
    "Absent",
    "AllOf",
    "AnyOf",
    "Condition",
    "ConditionError",
    "ConditionProblem",
    "Finding",
    "Leaf",
    "Not",
    "OrderNeeded",
    "View",
    "explain",
    "holds",
    "parse_conditions",
]
