/*
 * FMI 3.0 for co-simulation around predict: @D@ Float64 inputs (value references from 0), then @K@ Float64 outputs, then
 * the time. Outputs follow the inputs at once; a step does nothing but pass.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void predict(const double *x, double *y);

#if defined(_WIN32)
#define API __declspec(dllexport)
#else
#define API
#endif

typedef void *Instance;
typedef uint32_t Reference;
typedef enum { OK, Warning, Discard, Error, Fatal } Status;

typedef struct {
    double x[@D@];
    double time;
} Model;

static const double start[@D@] = {@START@};

API const char *fmi3GetVersion(void);
API Instance fmi3InstantiateCoSimulation(const char *name, const char *token, const char *resources, bool visible,
                                         bool logging, bool events, bool early, const Reference *needed, size_t n,
                                         void *environment, void (*log)(void), void (*update)(void));
API void fmi3FreeInstance(Instance c);
API Status fmi3SetFloat64(Instance c, const Reference *which, size_t n, const double *values, size_t size);
API Status fmi3GetFloat64(Instance c, const Reference *which, size_t n, double *values, size_t size);
API Status fmi3EnterInitializationMode(Instance c, bool given, double tolerance, double first, bool ends, double last);
API Status fmi3Reset(Instance c);
API Status fmi3DoStep(Instance c, double time, double step, bool keep, bool *event, bool *end, bool *early,
                      double *reached);

const char *fmi3GetVersion(void) { return "3.0"; }

Instance fmi3InstantiateCoSimulation(const char *name, const char *token, const char *resources, bool visible,
                                     bool logging, bool events, bool early, const Reference *needed, size_t n,
                                     void *environment, void (*log)(void), void (*update)(void)) {
    Model *model;
    (void)name; (void)resources; (void)visible; (void)logging; (void)events; (void)early; (void)needed; (void)n;
    (void)environment; (void)log; (void)update;
    if (token == NULL || strcmp(token, "@GUID@") != 0) return NULL;
    model = (Model *)malloc(sizeof(Model));
    if (model != NULL) fmi3Reset(model);
    return model;
}

void fmi3FreeInstance(Instance c) { free(c); }

Status fmi3SetFloat64(Instance c, const Reference *which, size_t n, const double *values, size_t size) {
    size_t i;
    if (size != n) return Error;
    for (i = 0; i < n; i++) {
        if (which[i] >= @D@) return Error;
        ((Model *)c)->x[which[i]] = values[i];
    }
    return OK;
}

Status fmi3GetFloat64(Instance c, const Reference *which, size_t n, double *values, size_t size) {
    double y[@K@];
    size_t i;
    if (size != n) return Error;
    predict(((Model *)c)->x, y);
    for (i = 0; i < n; i++) {
        if (which[i] > @D@ + @K@) return Error;
        if (which[i] < @D@) values[i] = ((Model *)c)->x[which[i]];
        else values[i] = which[i] < @D@ + @K@ ? y[which[i] - @D@] : ((Model *)c)->time;
    }
    return OK;
}

Status fmi3EnterInitializationMode(Instance c, bool given, double tolerance, double first, bool ends, double last) {
    (void)given; (void)tolerance; (void)ends; (void)last;
    ((Model *)c)->time = first;
    return OK;
}

Status fmi3Reset(Instance c) {
    memcpy(((Model *)c)->x, start, sizeof start);
    ((Model *)c)->time = 0.0;
    return OK;
}

Status fmi3DoStep(Instance c, double time, double step, bool keep, bool *event, bool *end, bool *early,
                  double *reached) {
    (void)keep;
    ((Model *)c)->time = time + step;
    *event = *end = *early = false;
    *reached = time + step;
    return OK;
}

/* What needs no work here. */
#define PASS(name, arguments, unused) \
    API Status name arguments; \
    Status name arguments { unused; return OK; }
/* What this model has none of. */
#define REFUSE(name, arguments, unused) \
    API Status name arguments; \
    Status name arguments { unused; return Error; }

PASS(fmi3SetDebugLogging, (Instance c, bool on, size_t n, const char *const *which),
     (void)c; (void)on; (void)n; (void)which)
PASS(fmi3ExitInitializationMode, (Instance c), (void)c)
PASS(fmi3EnterStepMode, (Instance c), (void)c)
PASS(fmi3Terminate, (Instance c), (void)c)
PASS(fmi3EnterConfigurationMode, (Instance c), (void)c)
PASS(fmi3ExitConfigurationMode, (Instance c), (void)c)
REFUSE(fmi3EnterEventMode, (Instance c), (void)c)
REFUSE(fmi3EvaluateDiscreteStates, (Instance c), (void)c)
REFUSE(fmi3EnterContinuousTimeMode, (Instance c), (void)c)

#define NONE(name, type) \
    API Status fmi3Get##name(Instance c, const Reference *which, size_t n, type *values, size_t size); \
    Status fmi3Get##name(Instance c, const Reference *which, size_t n, type *values, size_t size) { \
        (void)c; (void)which; (void)values; (void)size; \
        return n == 0 ? OK : Error; \
    } \
    API Status fmi3Set##name(Instance c, const Reference *which, size_t n, const type *values, size_t size); \
    Status fmi3Set##name(Instance c, const Reference *which, size_t n, const type *values, size_t size) { \
        (void)c; (void)which; (void)values; (void)size; \
        return n == 0 ? OK : Error; \
    }
typedef const char *String;
NONE(Float32, float)
NONE(Int8, int8_t)
NONE(UInt8, uint8_t)
NONE(Int16, int16_t)
NONE(UInt16, uint16_t)
NONE(Int32, int32_t)
NONE(UInt32, uint32_t)
NONE(Int64, int64_t)
NONE(UInt64, uint64_t)
NONE(Boolean, bool)
NONE(String, String)

typedef const uint8_t *Binary;
REFUSE(fmi3GetBinary, (Instance c, const Reference *which, size_t n, size_t *sizes, Binary *values, size_t size),
       (void)c; (void)which; (void)n; (void)sizes; (void)values; (void)size)
REFUSE(fmi3SetBinary,
       (Instance c, const Reference *which, size_t n, const size_t *sizes, const Binary *values, size_t size),
       (void)c; (void)which; (void)n; (void)sizes; (void)values; (void)size)
REFUSE(fmi3GetClock, (Instance c, const Reference *which, size_t n, bool *values),
       (void)c; (void)which; (void)n; (void)values)
REFUSE(fmi3SetClock, (Instance c, const Reference *which, size_t n, const bool *values),
       (void)c; (void)which; (void)n; (void)values)

REFUSE(fmi3GetNumberOfVariableDependencies, (Instance c, Reference which, size_t *n), (void)c; (void)which; (void)n)
REFUSE(fmi3GetVariableDependencies,
       (Instance c, Reference of, size_t *at, Reference *by, size_t *there, int *kinds, size_t n),
       (void)c; (void)of; (void)at; (void)by; (void)there; (void)kinds; (void)n)
REFUSE(fmi3GetFMUState, (Instance c, void **state), (void)c; (void)state)
REFUSE(fmi3SetFMUState, (Instance c, void *state), (void)c; (void)state)
REFUSE(fmi3FreeFMUState, (Instance c, void **state), (void)c; (void)state)
REFUSE(fmi3SerializedFMUStateSize, (Instance c, void *state, size_t *size), (void)c; (void)state; (void)size)
REFUSE(fmi3SerializeFMUState, (Instance c, void *state, uint8_t *bytes, size_t size),
       (void)c; (void)state; (void)bytes; (void)size)
REFUSE(fmi3DeserializeFMUState, (Instance c, const uint8_t *bytes, size_t size, void **state),
       (void)c; (void)bytes; (void)size; (void)state)
#define DERIVATIVE(name) \
    REFUSE(name, \
           (Instance c, const Reference *of, size_t n, const Reference *by, size_t m, const double *seed, \
            size_t seeds, double *result, size_t results), \
           (void)c; (void)of; (void)n; (void)by; (void)m; (void)seed; (void)seeds; (void)result; (void)results)
DERIVATIVE(fmi3GetDirectionalDerivative)
DERIVATIVE(fmi3GetAdjointDerivative)
REFUSE(fmi3GetOutputDerivatives,
       (Instance c, const Reference *which, size_t n, const int32_t *orders, double *values, size_t size),
       (void)c; (void)which; (void)n; (void)orders; (void)values; (void)size)

/* Clocks, states and other ways to be simulated. */
#define TIMES(name, arguments, unused) \
    REFUSE(name, arguments, (void)c; (void)which; (void)n; unused)
TIMES(fmi3GetIntervalDecimal, (Instance c, const Reference *which, size_t n, double *intervals, int *qualifiers),
      (void)intervals; (void)qualifiers)
TIMES(fmi3GetIntervalFraction,
      (Instance c, const Reference *which, size_t n, uint64_t *counters, uint64_t *resolutions, int *qualifiers),
      (void)counters; (void)resolutions; (void)qualifiers)
TIMES(fmi3GetShiftDecimal, (Instance c, const Reference *which, size_t n, double *shifts), (void)shifts)
TIMES(fmi3GetShiftFraction,
      (Instance c, const Reference *which, size_t n, uint64_t *counters, uint64_t *resolutions),
      (void)counters; (void)resolutions)
TIMES(fmi3SetIntervalDecimal, (Instance c, const Reference *which, size_t n, const double *intervals), (void)intervals)
TIMES(fmi3SetIntervalFraction,
      (Instance c, const Reference *which, size_t n, const uint64_t *counters, const uint64_t *resolutions),
      (void)counters; (void)resolutions)
TIMES(fmi3SetShiftDecimal, (Instance c, const Reference *which, size_t n, const double *shifts), (void)shifts)
TIMES(fmi3SetShiftFraction,
      (Instance c, const Reference *which, size_t n, const uint64_t *counters, const uint64_t *resolutions),
      (void)counters; (void)resolutions)
REFUSE(fmi3UpdateDiscreteStates,
       (Instance c, bool *needed, bool *end, bool *nominals, bool *values, bool *next, double *time),
       (void)c; (void)needed; (void)end; (void)nominals; (void)values; (void)next; (void)time)
REFUSE(fmi3CompletedIntegratorStep, (Instance c, bool keep, bool *event, bool *end),
       (void)c; (void)keep; (void)event; (void)end)
REFUSE(fmi3SetTime, (Instance c, double time), (void)c; (void)time)
REFUSE(fmi3SetContinuousStates, (Instance c, const double *states, size_t n), (void)c; (void)states; (void)n)
REFUSE(fmi3GetContinuousStates, (Instance c, double *states, size_t n), (void)c; (void)states; (void)n)
REFUSE(fmi3GetContinuousStateDerivatives, (Instance c, double *values, size_t n), (void)c; (void)values; (void)n)
REFUSE(fmi3GetNominalsOfContinuousStates, (Instance c, double *values, size_t n), (void)c; (void)values; (void)n)
REFUSE(fmi3GetEventIndicators, (Instance c, double *values, size_t n), (void)c; (void)values; (void)n)
REFUSE(fmi3GetNumberOfEventIndicators, (Instance c, size_t *n), (void)c; (void)n)
REFUSE(fmi3GetNumberOfContinuousStates, (Instance c, size_t *n), (void)c; (void)n)
REFUSE(fmi3ActivateModelPartition, (Instance c, Reference clock, double time), (void)c; (void)clock; (void)time)

API Instance fmi3InstantiateModelExchange(const char *name, const char *token, const char *resources, bool visible,
                                          bool logging, void *environment, void (*log)(void));
Instance fmi3InstantiateModelExchange(const char *name, const char *token, const char *resources, bool visible,
                                      bool logging, void *environment, void (*log)(void)) {
    (void)name; (void)token; (void)resources; (void)visible; (void)logging; (void)environment; (void)log;
    return NULL;
}

API Instance fmi3InstantiateScheduledExecution(const char *name, const char *token, const char *resources, bool visible,
                                               bool logging, void *environment, void (*log)(void), void (*clock)(void),
                                               void (*lock)(void), void (*unlock)(void));
Instance fmi3InstantiateScheduledExecution(const char *name, const char *token, const char *resources, bool visible,
                                           bool logging, void *environment, void (*log)(void), void (*clock)(void),
                                           void (*lock)(void), void (*unlock)(void)) {
    (void)name; (void)token; (void)resources; (void)visible; (void)logging; (void)environment; (void)log;
    (void)clock; (void)lock; (void)unlock;
    return NULL;
}
