#include "CClassifier.h"

#include <cstring>
#include <malloc.h>
#include <memory>
#include <new>
#include <opencv2/core/utility.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

struct cclassifier {
    cv::dnn::Net net;
    cv::Mat input;
    int side;
    size_t classes;
};

namespace {

void explain(const char *text, char *reason, size_t capacity) {
    if (capacity == 0)
        return;
    std::strncpy(reason, text, capacity - 1);
    reason[capacity - 1] = 0;
}

// OpenCV answers with exceptions, and none may cross into Swift.
template <typename Body> int guarded(int code, char *reason, size_t capacity, Body body) {
    try {
        return body();
    } catch (const std::bad_alloc &) {
        explain("no memory", reason, capacity);
        return CCLASSIFIER_OUT_OF_MEMORY;
    } catch (const cv::Exception &failure) {
        explain(failure.err.c_str(), reason, capacity);
        return failure.code == cv::Error::StsNoMem ? CCLASSIFIER_OUT_OF_MEMORY : code;
    } catch (const std::exception &failure) {
        explain(failure.what(), reason, capacity);
        return code;
    } catch (...) {
        explain("unknown exception", reason, capacity);
        return code;
    }
}

cv::Mat forward(cclassifier &classifier) {
    classifier.net.setInput(classifier.input);
    return classifier.net.forward();
}

} // namespace

int cclassifier_load(
    const void *onnx, size_t length, int side, cclassifier **made, size_t *classes, char *reason, size_t capacity) {
    return guarded(CCLASSIFIER_BAD_MODEL, reason, capacity, [&] {
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        cv::setNumThreads(1);
        auto classifier = std::make_unique<cclassifier>();
        classifier->side = side;
        classifier->net = cv::dnn::readNetFromONNX(static_cast<const char *>(onnx), length);
        classifier->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        classifier->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
        int shape[] = {1, 3, side, side};
        classifier->input = cv::Mat(4, shape, CV_32F, cv::Scalar(0));
        cv::Mat output = forward(*classifier);
        if (output.type() != CV_32F || !output.isContinuous() || output.total() == 0) {
            explain("the output is not a list of numbers", reason, capacity);
            return int(CCLASSIFIER_BAD_MODEL);
        }
        *classes = classifier->classes = output.total();
        *made = classifier.release();
        // Parsing took several times the model's size.
        malloc_trim(0);
        return 0;
    });
}

void cclassifier_free(cclassifier *classifier) {
    delete classifier;
}

int cclassifier_run(cclassifier *classifier, const uint8_t *rgb, float *logits, char *reason, size_t capacity) {
    return guarded(CCLASSIFIER_FAILED, reason, capacity, [&] {
        size_t plane = size_t(classifier->side) * classifier->side;
        float *input = classifier->input.ptr<float>();
        for (size_t pixel = 0; pixel < plane; pixel++)
            for (size_t band = 0; band < 3; band++)
                input[band * plane + pixel] = (float(rgb[pixel * 3 + band]) - 127.0f) / 128.0f;
        cv::Mat output = forward(*classifier);
        if (output.total() != classifier->classes || output.type() != CV_32F || !output.isContinuous()) {
            explain("the output changed its shape", reason, capacity);
            return int(CCLASSIFIER_FAILED);
        }
        std::memcpy(logits, output.ptr<float>(), classifier->classes * sizeof(float));
        return 0;
    });
}
