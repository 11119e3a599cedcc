# A finished table as one Arrow struct array. What is handed over is owned by the receiver: each column frees its own
# memory when the receiver releases it, in whatever thread that is; nothing of Python is touched there.

cdef struct Owned:
    const void* buffers[4]
    int64_t heap_length
    void* valid
    void* values
    void* heap


cdef void release_column(ArrowArray* array) noexcept nogil:
    cdef Owned* owned = <Owned*>array.private_data
    free(owned.valid)
    free(owned.values)
    free(owned.heap)
    free(owned)
    array.release = NULL


cdef void release_table(ArrowArray* array) noexcept nogil:
    cdef int64_t at
    for at in range(array.n_children):
        if array.children[at].release != NULL:
            array.children[at].release(array.children[at])
        free(array.children[at])
    free(array.children)
    free(array.buffers)
    array.release = NULL


cdef void release_schema(ArrowSchema* schema) noexcept nogil:
    cdef int64_t at
    for at in range(schema.n_children):
        if schema.children[at].release != NULL:
            schema.children[at].release(schema.children[at])
        free(schema.children[at])
    free(schema.children)
    free(schema.private_data)  # the name
    schema.release = NULL


cdef const char* format_of(int kind) noexcept nogil:
    if kind == TEXT:
        return b"vu"
    if kind == BYTES:
        return b"vz"
    if kind == SMALL:
        return b"s"
    if kind == FLAG:
        return b"b"
    if kind == COUNT:
        return b"i"
    if kind == TIME:
        return b"tsu:UTC"
    if kind == DAY:
        return b"tdD"
    return b"l"


cdef int fill_schema(ArrowSchema* schema, const char* format, bytes name, int64_t children) except -1:
    """A schema node that owns its name; children are the caller's to fill."""
    cdef char* kept = <char*>malloc(<size_t>len(name) + 1)
    memset(schema, 0, sizeof(ArrowSchema))
    if kept == NULL:
        raise MemoryError
    memcpy(kept, <const char*>name, <size_t>len(name) + 1)
    schema.format = format
    schema.name = kept
    schema.private_data = kept
    schema.flags = 2  # nullable
    schema.release = release_schema
    if children:
        schema.children = <ArrowSchema**>calloc(<size_t>children, sizeof(ArrowSchema*))
        if schema.children == NULL:
            raise MemoryError
    return 0


cdef int fill_column(ArrowArray* array, Column* column, int64_t height) except -1:
    """Move one column into an Arrow array, which owns it from here on."""
    cdef Owned* owned = <Owned*>calloc(1, sizeof(Owned))
    memset(array, 0, sizeof(ArrowArray))
    if owned == NULL:
        raise MemoryError
    owned.valid, owned.values, owned.heap = column.valid, column.values, column.heap
    owned.heap_length = column.heap_length
    column.valid, column.values, column.heap = NULL, NULL, NULL
    owned.buffers[0] = owned.valid
    owned.buffers[1] = owned.values
    array.n_buffers = 2
    if column.kind == TEXT or column.kind == BYTES:
        if owned.heap == NULL:  # a buffer without bytes still wants an address
            owned.heap = malloc(1)
        owned.buffers[2] = owned.heap
        owned.buffers[3] = &owned.heap_length
        array.n_buffers = 4
    array.length = height
    array.null_count = nulls_of(<const uint8_t*>owned.valid, height)
    array.buffers = owned.buffers
    array.private_data = owned
    array.release = release_column
    return 0


cdef int64_t nulls_of(const uint8_t* valid, int64_t height) noexcept nogil:
    cdef int64_t row, found = 0
    for row in range(height):
        found += not (valid[row >> 3] >> (row & 7)) & 1
    return found


cdef void drop_schema(object capsule) noexcept:
    cdef ArrowSchema* schema = <ArrowSchema*>PyCapsule_GetPointer(capsule, b"arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    free(schema)


cdef void drop_array(object capsule) noexcept:
    cdef ArrowArray* array = <ArrowArray*>PyCapsule_GetPointer(capsule, b"arrow_array")
    if array.release != NULL:
        array.release(array)
    free(array)


cdef class Batch:
    """Rows that were scanned, for one reader of Arrow's C data interface; they can be taken once."""

    cdef Table table
    cdef list names

    def __dealloc__(self) -> None:
        table_close(&self.table)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        if self.table.columns == NULL:
            raise ValueError("these rows have been taken already")
        schema = self.schema()
        return schema, self.array()

    cdef object schema(self):
        cdef ArrowSchema* schema = <ArrowSchema*>calloc(1, sizeof(ArrowSchema))
        cdef ArrowSchema* child
        cdef int at
        if schema == NULL:
            raise MemoryError
        capsule = PyCapsule_New(schema, b"arrow_schema", drop_schema)
        fill_schema(schema, b"+s", b"", self.table.width)
        for at in range(self.table.width):
            child = <ArrowSchema*>calloc(1, sizeof(ArrowSchema))
            if child == NULL:
                raise MemoryError
            schema.children[at] = child
            schema.n_children = at + 1
            fill_schema(child, format_of(self.table.columns[at].kind), self.names[at], 0)
        return capsule

    cdef object array(self):
        cdef ArrowArray* array = <ArrowArray*>calloc(1, sizeof(ArrowArray))
        cdef ArrowArray* child
        cdef int at
        if array == NULL:
            raise MemoryError
        capsule = PyCapsule_New(array, b"arrow_array", drop_array)
        array.buffers = <const void**>calloc(1, sizeof(void*))
        array.children = <ArrowArray**>calloc(<size_t>self.table.width, sizeof(ArrowArray*))
        if array.buffers == NULL or array.children == NULL:
            free(array.buffers)
            free(array.children)
            raise MemoryError
        array.length = self.table.height
        array.n_buffers = 1
        array.release = release_table
        for at in range(self.table.width):
            child = <ArrowArray*>calloc(1, sizeof(ArrowArray))
            if child == NULL:
                raise MemoryError
            array.children[at] = child
            array.n_children = at + 1
            fill_column(child, &self.table.columns[at], self.table.height)
        table_close(&self.table)
        return capsule
