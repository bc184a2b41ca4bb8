"""Many arrays under one name, handed to compiled code as one pointer.

numba passes a tuple of arrays field by field, some three hundred numbers for the arrays of a
search: compiling took minutes, and every call copied them. ``Views`` is what a C programmer would
call a struct of arrays: compiled code writes ``plan.nodes[i].after`` and gets, at the cost of a
load, a view of the array that the Python object owns. The object has to outlive the call, which an
argument does. This file is the only one that needs to know how numba works inside.
"""

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_builtin,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.arrayobj import (
    getitem_array_tuple,
    getitem_arraynd_intp,
    make_array,
    populate_array,
    setitem_array,
)
from numba.np.numpy_support import from_dtype

_tuples: Any = types  # what numba has of types does not know these

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
            kinds.append((name, kind if array.ndim == 0 else _Column(kind, array.ndim)))
        self._table = table
        self._address = int(table.ctypes.data)
        self._type = _ViewsType(type(self).__name__, tuple(kinds))


class _Column(types.Array):
    """An array of which no index counts from the end: numba would add the length to negative ones,
    at every access. With bounds checking on, a negative index is an ``IndexError``."""

    def __init__(self, kind: types.Type, dimensions: int) -> None:
        super().__init__(kind, dimensions, "C", name=f"column({kind}, {dimensions}d)")


register_model(_Column)(models.ArrayModel)


def _from_the_front(
    context: Any, builder: Any, index: types.Type, value: Any
) -> tuple[types.Type, Any]:
    """An index, or a tuple of them, as numba takes it without looking at its sign."""
    if isinstance(index, types.Integer):
        return types.uintp, context.cast(builder, value, index, types.intp)
    if isinstance(index, _tuples.BaseTuple):
        parts = [
            _from_the_front(context, builder, kind, builder.extract_value(value, number))
            for number, kind in enumerate(index)
        ]
        whole = _tuples.Tuple([kind for kind, _ in parts])
        return whole, context.make_tuple(builder, whole, [part for _, part in parts])
    return index, value


def _reading(read: Any) -> Any:
    """How to read an element of a column, given how numba reads one of an array."""

    def get(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        column, index = signature.args
        index, value = _from_the_front(context, builder, index, arguments[1])
        signature = signature.replace(args=(column, index))
        return read(context, builder, signature, (arguments[0], value))

    return get


lower_builtin(operator.getitem, _Column, types.Integer)(_reading(getitem_arraynd_intp))
lower_builtin(operator.getitem, _Column, _tuples.BaseTuple)(_reading(getitem_array_tuple))


@lower_builtin(operator.setitem, _Column, types.Any, types.Any)
def _set(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    column, index, item = signature.args
    index, value = _from_the_front(context, builder, index, arguments[1])
    signature = signature.replace(args=(column, index, item))
    return setitem_array(context, builder, signature, (arguments[0], value, arguments[2]))


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
        load = builder.load(cgutils.gep_inbounds(builder, table, row * _WIDTH + column))
        # The table never changes, so LLVM may read it once for a whole loop.
        load.set_metadata("invariant.load", builder.module.add_metadata([]))
        return load

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
