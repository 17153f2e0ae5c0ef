/* Splits whole segments of ASCII text into their elements (X12.6: a segment is a tag and its elements, between a
 * separator each, up to a terminator). The specification is split_plain_py in segment.py: tests compare both. Nothing
 * but the result is allocated, and no byte outside of the text is read. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <string.h>

typedef struct {
    const char *bytes;
    Py_ssize_t size;
} Text;

/* What is the same for all segments of a text. */
typedef struct {
    char terminator, element;
    Text layout;            /* the bytes that can precede a tag and mean nothing */
    Py_ssize_t most;        /* separators that are looked for in a segment */
    PyObject *make;         /* the type Segment */
    PyObject *loop_starts;  /* tags that can begin a loop */
    PyObject *open_loops;   /* loops that any tag can end */
    PyObject *loop_of;      /* called for the loop of a segment that may begin or end one */
} Options;

static PyObject *ascii_text(const char *bytes, Py_ssize_t size)
{
    PyObject *text = PyUnicode_New(size, 127);
    if (text != NULL && size > 0)
        memcpy(PyUnicode_DATA(text), bytes, (size_t)size);
    return text;
}

static Py_ssize_t count_elements(Text segment, char element, Py_ssize_t most)
{
    Py_ssize_t separators = 0;
    for (Py_ssize_t i = 0; i < segment.size && separators < most; i++)
        separators += segment.bytes[i] == element;
    return separators + 1;
}

/* Return the elements of a segment as a tuple; after `most` separators the rest is one element. */
static PyObject *split_elements(Text segment, const Options *options)
{
    Py_ssize_t number = count_elements(segment, options->element, options->most);
    PyObject *elements = PyTuple_New(number);
    const char *start = segment.bytes, *end = segment.bytes + segment.size;
    for (Py_ssize_t i = 0; elements != NULL && i < number; i++) {
        const char *stop = i == number - 1 ? end : memchr(start, options->element, (size_t)(end - start));
        PyObject *text = ascii_text(start, stop - start);
        if (text == NULL)
            Py_CLEAR(elements);
        else
            PyTuple_SET_ITEM(elements, i, text);
        start = stop + 1;
    }
    if (elements != NULL)
        PyObject_GC_UnTrack(elements); /* texts refer to nothing: the collector need not look */
    return elements;
}

/* Return whether a segment may begin or end a loop; -1 where that fails. */
static int may_change_loop(PyObject *tag, PyObject *loop, const Options *options)
{
    int starts = PySet_Contains(options->loop_starts, tag);
    return starts != 0 ? starts : PySet_Contains(options->open_loops, loop);
}

/* Replace the loop of the segment before by that of this one; -1 where that fails. */
static int next_loop(PyObject **loop, PyObject *elements, const Options *options)
{
    int changes = may_change_loop(PyTuple_GET_ITEM(elements, 0), *loop, options);
    if (changes <= 0)
        return changes;
    PyObject *found = PyObject_CallOneArg(options->loop_of, elements);
    if (found == NULL)
        return -1;
    Py_SETREF(*loop, found);
    return 0;
}

static PyObject *make_segment(Text segment, PyObject *elements, Py_ssize_t index, Py_ssize_t offset, PyObject *loop,
                              const Options *options)
{
    PyObject *number = PyLong_FromSsize_t(index), *place = PyLong_FromSsize_t(offset);
    PyObject *raw = PyBytes_FromStringAndSize(segment.bytes, segment.size), *made = NULL;
    if (number != NULL && place != NULL && raw != NULL) {
        PyObject *arguments[] = {PyTuple_GET_ITEM(elements, 0), elements, number, place, raw, loop};
        made = PyObject_Vectorcall(options->make, arguments, 6, NULL);
    }
    Py_XDECREF(number);
    Py_XDECREF(place);
    Py_XDECREF(raw);
    return made;
}

/* Add a segment to a list; -1 where that fails. */
static int add_segment(PyObject *segments, Text segment, Py_ssize_t index, Py_ssize_t offset, PyObject **loop,
                       const Options *options)
{
    PyObject *made = NULL, *elements = split_elements(segment, options);
    if (elements != NULL && next_loop(loop, elements, options) == 0)
        made = make_segment(segment, elements, index, offset, *loop, options);
    int failed = made == NULL ? -1 : PyList_Append(segments, made);
    Py_XDECREF(elements);
    Py_XDECREF(made);
    return failed;
}

static Text without_layout(Text piece, Text layout)
{
    while (piece.size > 0 && memchr(layout.bytes, piece.bytes[0], (size_t)layout.size) != NULL)
        piece = (Text){piece.bytes + 1, piece.size - 1};
    return piece;
}

/* Add the segments of a text to a list; -1 where that fails. `offset` and `index` are those of its first. */
static int split_all(PyObject *segments, Text text, Py_ssize_t offset, Py_ssize_t index, PyObject **loop,
                     const Options *options)
{
    const char *position = text.bytes, *end = text.bytes + text.size;
    for (;; index++) {
        const char *stop = position < end ? memchr(position, options->terminator, (size_t)(end - position)) : NULL;
        const char *last = stop == NULL ? end : stop;
        Text segment = without_layout((Text){position, last - position}, options->layout);
        if (segment.size > 0
            && add_segment(segments, segment, index, offset + (segment.bytes - text.bytes), loop, options) < 0)
            return -1;
        if (stop == NULL)
            return 0;
        position = stop + 1;
    }
}

static bool is_ascii(Text text)
{
    unsigned char seen = 0;
    for (Py_ssize_t i = 0; i < text.size; i++)
        seen |= (unsigned char)text.bytes[i];
    return seen < 128;
}

static PyObject *split_ascii(PyObject *module, PyObject *args)
{
    PyObject *raw, *layout, *loop;
    Py_ssize_t offset, index;
    Options options;
    if (!PyArg_ParseTuple(args, "SnnccSnOO!O!UO", &raw, &offset, &index, &options.terminator, &options.element, &layout,
                          &options.most, &options.make, &PyFrozenSet_Type, &options.loop_starts, &PyFrozenSet_Type,
                          &options.open_loops, &loop, &options.loop_of))
        return NULL;
    Text text = {PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw)};
    options.layout = (Text){PyBytes_AS_STRING(layout), PyBytes_GET_SIZE(layout)};
    if (!is_ascii(text)) {
        PyErr_SetString(PyExc_ValueError, "text that is not ASCII");
        return NULL;
    }
    PyObject *segments = PyList_New(0);
    Py_INCREF(loop);
    if (segments != NULL && split_all(segments, text, offset, index, &loop, &options) < 0)
        Py_CLEAR(segments);
    Py_DECREF(loop);
    return segments;
}

/* -- the module -------------------------------------------------------------------------------------------- */

static PyMethodDef FUNCTIONS[] = {
    {"split_ascii", split_ascii, METH_VARARGS, "Like split_plain_py, for ASCII."},
    {NULL, NULL, 0, NULL},
};

/* The version of the program that this was compiled for: a binary of another version is not used. */
static int add_version(PyObject *module)
{
    return PyModule_AddStringConstant(module, "version", X12PROC_VERSION);
}

/* The module has no state: threads and interpreters need not wait for one another. */
static PyModuleDef_Slot SLOTS[] = {
    {Py_mod_exec, add_version},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_split", NULL, 0, FUNCTIONS, SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__split(void)
{
    return PyModuleDef_Init(&MODULE);
}
