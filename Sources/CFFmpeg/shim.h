#pragma once

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

// Macros with casts are not imported into Swift; these are their values.
static inline int cff_err_eof(void) { return AVERROR_EOF; }
static inline int cff_err_exit(void) { return AVERROR_EXIT; }
static inline int cff_err_invalid_data(void) { return AVERROR_INVALIDDATA; }
static inline int cff_err_patch_welcome(void) { return AVERROR_PATCHWELCOME; }
static inline int cff_err_decoder_not_found(void) { return AVERROR_DECODER_NOT_FOUND; }
static inline int cff_err_encoder_not_found(void) { return AVERROR_ENCODER_NOT_FOUND; }
static inline int cff_err_demuxer_not_found(void) { return AVERROR_DEMUXER_NOT_FOUND; }
static inline int cff_err_stream_not_found(void) { return AVERROR_STREAM_NOT_FOUND; }
static inline int64_t cff_no_pts(void) { return AV_NOPTS_VALUE; }
static inline int cff_profile_unknown(void) { return FF_PROFILE_UNKNOWN; }

// A frame's planes as plain pointers: Swift imports the fixed arrays as tuples.
static inline const uint8_t *cff_plane(const AVFrame *f, int i) { return f->data[i]; }
static inline int cff_stride(const AVFrame *f, int i) { return f->linesize[i]; }
