"""Which way a metric is better, and how its numbers are written.

The table holds the metrics whose meaning is the same wherever they are used, by the names that scikit-learn,
MLflow's evaluators, Hugging Face's ``evaluate`` and the usual leaderboards give them. Whatever a registry
says itself goes first; a metric that neither knows has no better and no worse.
"""

from __future__ import annotations

import re

_HIGHER = {
    "acc", "accuracy", "adjusted_rand", "auc", "auprc", "auroc", "average_precision",
    "balanced_accuracy", "bertscore", "bleu", "chrf", "cohen_kappa", "cosine_pearson",
    "cosine_spearman", "d2", "dice", "exact_match", "explained_variance", "f1", "f2", "f_beta", "fbeta",
    "gleu", "hit_rate", "iou", "jaccard", "kappa", "kendall", "lift", "map", "matthews_corrcoef", "mcc",
    "mean_average_precision", "mean_iou", "mean_reciprocal_rank", "meteor", "miou", "mrr", "ndcg",
    "npv", "pass", "pearson", "pearsonr", "ppv", "pr_auc", "precision", "precision_recall_auc", "psnr",
    "r2", "r_squared", "recall", "roc_auc", "rouge", "rouge1", "rouge2", "rougel", "rougelsum",
    "sacrebleu", "sensitivity", "silhouette", "spearman", "spearmanr", "specificity", "ssim",
    "throughput", "tnr", "tokens_per_second", "top_1_accuracy", "top_5_accuracy", "tpr",
    "true_negative_rate", "true_positive_rate", "win_rate",
}  # fmt: skip
_LOWER = {
    "ber", "brier", "bits_per_byte", "bits_per_character", "brier_score_loss", "cer", "cross_entropy",
    "ece", "eer", "equal_error_rate", "error_rate", "expected_calibration_error", "false_negative_rate",
    "false_positive_rate", "fid", "fnr", "fpr", "hamming_loss", "hinge_loss", "kl_divergence",
    "latency", "log_loss", "logloss", "loss", "mae", "mape", "max_error", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_log_error",
    "median_absolute_error", "mse", "msle", "nll", "perplexity", "ppl", "rmse", "rmsle",
    "root_mean_squared_error", "smape", "ter", "toxicity", "wer", "word_error_rate", "zero_one_loss",
}  # fmt: skip

_PREFIX = re.compile(
    r"^(training|train|validation|valid|val|testing|test|eval|evaluation|best|mean|avg|final|oob)_"
)
_SUFFIX = re.compile(
    r"_(at_)?[0-9]+$|_(macro|micro|weighted|samples|binary|score|mean|avg|ms|seconds|p50|p90|p95|p99|v[0-9]+)$"
)


def higher_is_better(metric: str) -> bool | None:
    """Whether a higher value of a well-known metric is better; None for any other metric.

    Spelling, split prefixes and variants do not matter: ``ROC-AUC``, ``val_loss``, ``f1_macro``, ``ndcg@10``.
    """
    name = re.sub(r"[^a-z0-9]+", "_", metric.strip().lower()).strip("_")
    while True:
        if name in _HIGHER:
            return True
        if name in _LOWER:
            return False
        shorter = _SUFFIX.sub("", name)
        if shorter == name:
            shorter = _PREFIX.sub("", name)
        if shorter == name:
            return None
        name = shorter


def number(value: float, digits: int = 4) -> str:
    """``value`` for people, with ``digits`` significant ones: ``0.9312``, ``12346``, ``3e-07``."""
    text = f"{value + 0.0:.{digits}g}"  # negative zero is zero
    if "e" in text and 1e-4 <= abs(value) < 1e15:
        text = f"{value:.0f}"
    return text


def number_pair(before: float, after: float) -> tuple[str, str]:
    """Two different values with as few digits as tell them apart, but at least four significant ones."""
    digits = 4
    while (pair := (number(before, digits), number(after, digits)))[0] == pair[1] and digits < 17:
        digits += 1
    return pair
