"""Which technicians and days a visit cannot have because of who makes those it is linked to."""

from solver.kernel.arrays import OTHER_DAY, OTHER_TECHNICIAN, PAIRED, Arrays
from solver.kernel.compiled import compiled
from solver.kernel.plan import Plan


@compiled
def is_barred(arrays: Arrays, plan: Plan, visit: int, shift: int) -> bool:
    """Whether the visit cannot be on the shift because of where its mates are now."""
    if arrays.calls[visit].links & PAIRED == 0:
        return False
    shifts, bond = arrays.shifts, arrays.bonds[visit]
    for row in range(bond.first_of_mates, bond.first_of_mates + bond.number_of_mates):
        mate = arrays.mates[row]
        theirs = plan.nodes[mate.visit].shift
        if theirs < 0:
            continue
        if mate.kind == OTHER_DAY:
            if shifts[theirs].date == shifts[shift].date:
                return True
        elif (shifts[theirs].chain == shifts[shift].chain) == (mate.kind == OTHER_TECHNICIAN):
            return True
    return False


@compiled
def has_required(arrays: Arrays, plan: Plan, visit: int) -> bool:
    """Whether all are on routes without whom the visit is never served."""
    bond = arrays.bonds[visit]
    for row in range(bond.first_of_required, bond.first_of_required + bond.number_of_required):
        if plan.nodes[arrays.required[row]].shift < 0:
            return False
    return True
