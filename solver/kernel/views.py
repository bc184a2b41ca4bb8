"""Many arrays under one name, handed to compiled code as one pointer.

numba passes a tuple of arrays field by field, some three hundred numbers for the arrays of a
search: compiling took minutes, and every call copied them. ``Views`` is what a C programmer would
call a struct of arrays: compiled code writes ``plan.nodes[i].after`` and gets, at the cost of a
load, a view of the array that the Python object owns. The object has to outlive the call, which an
argument does. This file is the only one that needs to know how numba works inside.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import from_dtype

_WIDTH = 4
"""Numbers per array in the table: its address and up to three dimensions."""


class Views:
    """Base of classes whose annotated attributes are arrays, set by keyword once and for all.

    An array without dimensions is a single record, of which compiled code reads and writes the
    fields. Raises ``TypeError`` if an attribute is missing or unknown.
    """

    def __init__(self, **arrays: Any) -> None:
        names = list(type(self).__annotations__)
        if sorted(names) != sorted(arrays):
            raise TypeError(f"{type(self).__name__} wants exactly {', '.join(names)}")
        table = np.zeros((len(names), _WIDTH), dtype=np.int64)
        kinds = []
        for row, name in enumerate(names):
            array = np.require(arrays[name], requirements=["C_CONTIGUOUS", "WRITEABLE"])
            setattr(self, name, array)
            table[row, 0] = array.ctypes.data
            table[row, 1 : 1 + array.ndim] = array.shape
            kind = from_dtype(array.dtype)
            kinds.append((name, kind if array.ndim == 0 else types.Array(kind, array.ndim, "C")))
        self._table = table
        self._address = int(table.ctypes.data)
        self._type = _ViewsType(type(self).__name__, tuple(kinds))


class _ViewsType(types.Type):
    def __init__(self, name: str, kinds: tuple[tuple[str, types.Type], ...]) -> None:
        self.kinds = kinds
        super().__init__(name=f"{name}({', '.join(f'{key}: {kind}' for key, kind in kinds)})")


@typeof_impl.register(Views)
def _typeof(value: Views, context: Any) -> types.Type:
    return value._type


@register_model(_ViewsType)
class _ViewsModel(models.PrimitiveModel):  # type: ignore[misc] # numba ships no types
    def __init__(self, manager: Any, kind: _ViewsType) -> None:
        super().__init__(manager, kind, ir.IntType(64))


@unbox(_ViewsType)
def _unbox(kind: _ViewsType, value: Any, context: Any) -> NativeValue:
    address = context.pyapi.object_getattr_string(value, "_address")
    native = context.pyapi.long_as_longlong(address)
    context.pyapi.decref(address)
    return NativeValue(native)


@infer_getattr
class _ViewsAttributes(AttributeTemplate):  # type: ignore[misc] # numba ships no types
    key = _ViewsType

    def generic_resolve(self, kind: _ViewsType, name: str) -> types.Type | None:
        return dict(kind.kinds).get(name)


@lower_getattr_generic(_ViewsType)
def _getattr(context: Any, builder: Any, kind: _ViewsType, value: Any, name: str) -> Any:
    row = [key for key, _ in kind.kinds].index(name)
    array_type = kind.kinds[row][1]
    integer = ir.IntType(64)
    table = builder.inttoptr(value, integer.as_pointer())

    def number(column: int) -> Any:
        return builder.load(cgutils.gep_inbounds(builder, table, row * _WIDTH + column))

    if not isinstance(array_type, types.Array):
        return builder.inttoptr(number(0), context.get_value_type(array_type))
    array = make_array(array_type)(context, builder)
    data = builder.inttoptr(number(0), array.data.type)
    shape = [number(1 + dimension) for dimension in range(array_type.ndim)]
    size = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    itemsize = context.get_constant(types.intp, size)
    strides = [itemsize]
    for dimension in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], dimension))
    populate_array(array, data, shape, strides, itemsize, meminfo=None)
    return array._getvalue()
