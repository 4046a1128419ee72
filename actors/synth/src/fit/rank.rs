//! Ranks and their correlation.

/// Ranks from 1, equal values sharing their mean rank.
pub fn ranks<T: PartialOrd>(values: &[T]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| {
        let compared = values[*a].partial_cmp(&values[*b]);
        compared.unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let alike = order[start..]
            .iter()
            .take_while(|index| values[**index] == values[order[start]]);
        let end = start + alike.count().max(1);
        let rank = (start + end + 1) as f64 / 2.0;
        for index in &order[start..end] {
            ranks[*index] = rank;
        }
        start = end;
    }
    ranks
}

/// The correlation of ranks as [`ranks`] gives them; 0 where one side is all the same.
pub fn spearman(a: &[f64], b: &[f64]) -> f64 {
    let centre = (a.len() as f64 + 1.0) / 2.0;
    let (mut product, mut square_a, mut square_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - centre, b - centre);
        product += a * b;
        square_a += a * a;
        square_b += b * b;
    }
    let scale = (square_a * square_b).sqrt();
    if scale > 0.0 {
        (product / scale).clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(ranks(&[10, 30, 10, 20]), [1.5, 4.0, 1.5, 3.0]);
        assert!(ranks::<i64>(&[]).is_empty());
    }

    #[test]
    fn the_correlation_of_ranks_is_that_of_scipy() {
        // scipy.stats.spearmanr([1,2,3,4,5,6], [2,1,4,3,7,7]) = 0.8696...
        let (a, b) = (ranks(&[1, 2, 3, 4, 5, 6]), ranks(&[2, 1, 4, 3, 7, 7]));
        assert!(
            (spearman(&a, &b) - 0.869_656_55).abs() < 1e-6,
            "{}",
            spearman(&a, &b)
        );
        assert_eq!(spearman(&ranks(&[1, 1, 1]), &ranks(&[1, 2, 3])), 0.0);
    }
}
